package import Tessera
package import TesseraCore
package import TesseraKernels
import TesseraReference

/// The gradients of dense attention, given O and LSE of the oracle, rounded to their storage types.
package struct AttentionBackwardCase: ConformanceCase {
  package let attention: AttentionInputs
  package let o: HostTensor
  package let lse: HostTensor
  package let dO: HostTensor

  init(_ variant: ConformanceVariant, _ random: inout SeededRandom) throws(TesseraError) {
    attention = try AttentionInputs(variant, &random, work: 2_000_000)
    let problem = attention.problem
    (o, lse) = try attention.gold().stored(
      as: problem.outputDType, problem.outputDimensions, problem.lseDimensions)
    dO = try random.tensor(problem.outputDimensions, problem.outputDType)
  }

  package var inputs: [HostTensor?] { attention.operands + [o, lse, dO] }

  package func outputs() throws(TesseraError) -> [ConformanceOutput?] {
    let problem = attention.problem
    return [
      try ConformanceOutput(problem.dtype, problem.queryDimensions),
      try ConformanceOutput(problem.dtype, problem.keyDimensions),
      try ConformanceOutput(problem.dtype, problem.valueDimensions),
    ]
  }

  package var summary: String { "\(attention.problem)" }

  package func prepare(on device: Device) throws(TesseraError) -> PreparedPlan {
    try device.preparedBackwardPlan(attention.problem)
  }

  package func verify(_ results: [HostTensor]) throws(TesseraError) -> Verification {
    Verifier.attentionBackward(
      attention, dO: dO, dQ: results[0], dK: results[1], dV: results[2])
  }
}

extension AttentionOracle {
  /// O and LSE as a program stores them.
  func stored(
    as dtype: DType, _ dimensions: [Int], _ lseDimensions: [Int]
  ) throws(TesseraError) -> (o: HostTensor, lse: HostTensor) {
    (
      try HostTensor(rounding: o.map { Float($0) }, to: dtype, shape: try Shape(dimensions)),
      try HostTensor(lse.map { Float($0) }, shape: try Shape(lseDimensions))
    )
  }
}
