import TesseraConformance
import TesseraCore
import TesseraReference

/// Prepares and verifies neighborhood attention for timing.
struct NeighborhoodBench {
  let problem: NeighborhoodProblem
  let q: HostTensor
  let k: HostTensor
  let v: HostTensor

  init(_ benchCase: BenchCase, seed: UInt64) throws(TesseraError) {
    guard
      case .neighborhood(
        let batch, let lengths, let heads, let headDim, let window, let stride, let dilation,
        let causal, let dtype) = benchCase
    else {
      throw .invalidArgument("case", got: benchCase.operation, allowed: "na")
    }
    let shape = try Shape([batch] + lengths + [heads, headDim])
    var random = SeededRandom(seed)
    // One block of noise, repeated with a shift, makes large inputs in bearable time.
    let noise = random.normals(min(shape.elementCount, 1 << 20))
    func tensor(_ shift: Int) throws(TesseraError) -> HostTensor {
      let values = (0..<shape.elementCount).map { noise[($0 &+ $0 / noise.count * 7919 &+ shift) % noise.count] }
      return try HostTensor(rounding: values, to: dtype, shape: shape)
    }
    (q, k, v) = (try tensor(0), try tensor(104_729), try tensor(611_953))
    problem = try NeighborhoodProblem(
      q: (shape, dtype), k: (shape, dtype), v: (shape, dtype), window: window, stride: stride,
      dilation: dilation, causal: causal)
  }

  /// Compares with the oracle: everything where that takes seconds, else one batch entry and head.
  func verify(o: HostTensor, lse: HostTensor) throws(TesseraError) -> Verification {
    let pairs = Double(Reference.neighborhoodPairCount(problem.axes))
    let work = pairs * Double(problem.headDim + problem.valueDim)
    guard work * Double(problem.heads * problem.batch) > 3e9 else {
      return try Verifier.neighborhoodAttention(
        problem, q: q, k: k, v: v, extraK: nil, extraV: nil, o: o, lse: lse)
    }
    let (entry, head) = (problem.batch - 1, problem.heads - 1)
    var part = problem
    (part.batch, part.heads, part.kvHeads) = (1, 1, 1)
    func pick(_ tensor: HostTensor, _ width: Int, _ dimensions: [Int]) throws(TesseraError) -> HostTensor {
      let all = tensor.floats()
      var values: [Float] = []
      values.reserveCapacity(problem.tokens * width)
      for token in 0..<problem.tokens {
        let start = ((entry * problem.tokens + token) * problem.heads + head) * width
        values += all[start..<(start + width)]
      }
      return try HostTensor(rounding: values, to: tensor.dtype, shape: try Shape(dimensions))
    }
    return try Verifier.neighborhoodAttention(
      part, q: try pick(q, problem.headDim, part.queryDimensions),
      k: try pick(k, problem.headDim, part.keyDimensions),
      v: try pick(v, problem.valueDim, part.valueDimensions), extraK: nil, extraV: nil,
      o: try pick(o, problem.valueDim, part.outputDimensions),
      lse: try pick(lse, 1, part.lseDimensions))
  }
}
