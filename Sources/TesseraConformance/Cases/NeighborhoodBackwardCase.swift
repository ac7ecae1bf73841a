package import Tessera
package import TesseraCore
package import TesseraKernels
import TesseraReference

/// The gradients of neighborhood attention, every second variant with extensions, given O and LSE of the
/// oracle, rounded to their storage types.
package struct NeighborhoodBackwardCase: ConformanceCase {
  package let attention: NeighborhoodInputs
  package let o: HostTensor
  package let lse: HostTensor
  package let dO: HostTensor

  init(_ variant: ConformanceVariant, _ random: inout SeededRandom) throws(TesseraError) {
    attention = try NeighborhoodInputs(
      variant, &random, extended: variant.index % 2 == 1, bias: variant.index % 4 == 1,
      work: 1_500_000)
    let problem = attention.problem
    (o, lse) = try attention.gold().stored(
      as: problem.outputDType, problem.outputDimensions, problem.lseDimensions)
    dO = try random.tensor(problem.outputDimensions, problem.outputDType)
  }

  package var inputs: [HostTensor?] { attention.operands + [o, lse, dO] }

  package func outputs() throws(TesseraError) -> [ConformanceOutput?] {
    let problem = attention.problem
    func like(_ tensor: HostTensor?) throws(TesseraError) -> ConformanceOutput? {
      guard let tensor else { return nil }
      return try ConformanceOutput(tensor.dtype, tensor.shape.dimensions)
    }
    return [
      try ConformanceOutput(problem.dtype, problem.queryDimensions),
      try ConformanceOutput(problem.dtype, problem.keyDimensions),
      try ConformanceOutput(problem.dtype, problem.valueDimensions),
      try like(attention.extraK), try like(attention.extraV), try like(attention.bias),
    ]
  }

  package var summary: String { "\(attention.problem)" }

  package func prepare(on device: Device) throws(TesseraError) -> PreparedPlan {
    try device.preparedBackwardPlan(attention.problem)
  }

  package func verify(_ results: [HostTensor]) throws(TesseraError) -> Verification {
    var gradients: [String: HostTensor] = [:]
    var rest = results[...]
    for (name, output) in zip(
      ["dq", "dk", "dv", "dextra_k", "dextra_v", "dbias"], try outputs())
    where output != nil {
      gradients[name] = rest.popFirst()
    }
    return try Verifier.neighborhoodAttentionBackward(attention, dO: dO, gradients: gradients)
  }
}
