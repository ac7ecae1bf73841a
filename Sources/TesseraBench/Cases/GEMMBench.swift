import Tessera
import TesseraConformance
import TesseraCore
import TesseraKernels
import TesseraReference
import TesseraRuntime

/// Data and verification of a matrix product.
struct GEMMBench {
  let problem: GEMMProblem
  let aShape: Shape
  let bShape: Shape

  init(
    m: Int, n: Int, k: Int, batch: Int, transposeA: Bool, transposeB: Bool, dtype: DType
  ) throws(TesseraError) {
    let lead = batch > 1 ? [batch] : []
    aShape = try Shape(lead + (transposeA ? [k, m] : [m, k]))
    bShape = try Shape(lead + (transposeB ? [n, k] : [k, n]))
    problem = try GEMMProblem(
      a: (aShape, dtype), b: (bShape, dtype), transposeA: transposeA, transposeB: transposeB)
  }

  /// The product on given memory: operands are a, b, c, bias and d.
  func subject(_ prepared: PreparedPlan, on device: Device) throws(TesseraError) -> Subject {
    let context = device.context
    return Subject(
      operands: [
        try .input("a", problem.a.dtype, aShape.dimensions),
        try .input("b", problem.b.dtype, bShape.dimensions), nil, nil,
        try .output("d", problem.d.dtype, problem.outputDimensions),
      ], dispatches: prepared.plan.dispatches.count,
      inputs: { seed throws(TesseraError) in
        let (a, b) = try inputs(seed)
        return [a, b, nil, nil, nil]
      },
      run: { ranges throws(TesseraError) in
        try PlanExecutor.execute(prepared, operands: ranges, on: context)
      },
      judge: { inputs, outputs, few throws(TesseraError) in
        guard let a = inputs[0], let b = inputs[1], let d = outputs[4] else {
          return Verification([])
        }
        return try verify(a, b, d, few: few)
      })
  }

  func inputs(_ seed: UInt64) throws(TesseraError) -> (a: HostTensor, b: HostTensor) {
    var random = SeededRandom(seed)
    return (
      try HostTensor(
        rounding: random.uniforms(aShape.elementCount, from: -1, to: 1), to: problem.a.dtype,
        shape: aShape),
      try HostTensor(
        rounding: random.uniforms(bShape.elementCount, from: -1, to: 1), to: problem.b.dtype,
        shape: bShape)
    )
  }

  /// Compares a result with the oracle: all of it where that takes a second, else whole rows of the
  /// output chosen over its height; `few` rows if a part will do.
  func verify(
    _ a: HostTensor, _ b: HostTensor, _ d: HostTensor, few: Bool
  ) throws(TesseraError) -> Verification {
    guard problem.flops > (few ? 1e8 : 5e9), problem.batchCount == 1 else {
      return Verifier.gemm(problem, a: a, b: b, c: nil, bias: nil, d: d)
    }
    let work = few ? 1e8 : 2e9
    let count = max(1, min(problem.m, Int(work / (Double(problem.n) * Double(problem.k)))))
    // Both ends, and rows between at an odd distance, so that every lane of a tile is met.
    let rows = (0..<count).map {
      $0 == count - 1 ? problem.m - 1 : $0 * (problem.m / count | 1) % problem.m
    }
    let all = a.floats()
    var picked: [Float] = []
    picked.reserveCapacity(count * problem.k)
    for row in rows {
      if problem.transposeA {
        for k in 0..<problem.k { picked.append(all[k * problem.m + row]) }
      } else {
        picked += all[(row * problem.k)..<((row + 1) * problem.k)]
      }
    }
    let results = d.floats()
    let own = rows.flatMap { results[($0 * problem.n)..<(($0 + 1) * problem.n)] }
    let aShape = try Shape([count, problem.k])
    let part = try GEMMProblem(
      a: (aShape, a.dtype), b: (b.shape, b.dtype), transposeB: problem.transposeB,
      output: problem.d.dtype)
    return Verifier.gemm(
      part, a: try HostTensor(rounding: picked, to: a.dtype, shape: aShape), b: b, c: nil,
      bias: nil,
      d: try HostTensor(rounding: own, to: d.dtype, shape: try Shape([count, problem.n])))
  }
}
