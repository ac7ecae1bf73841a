package import Tessera
package import TesseraCore
package import TesseraKernels
import TesseraReference

/// The gradients of attention over block lists, given O and LSE of the oracle, rounded to their storage
/// types.
package struct BlockListBackwardCase: ConformanceCase {
  package let attention: BlockListTensors
  package let schedule: BlockListSchedule
  package let o: HostTensor
  package let lse: HostTensor
  package let dO: HostTensor
  private let permuted: BlockListTensors

  init(_ variant: ConformanceVariant, _ random: inout SeededRandom) throws(TesseraError) {
    // LSE in f32 does not know a larger one well enough for weights that are right to the last digits.
    attention = try BlockListTensors(variant, &random, work: 2_000_000, farAhead: 20)
    schedule = BlockListSchedule.allCases[ListVariant(variant).schedule]
    let problem = attention.problem.attention
    (o, lse) = try attention.gold().stored(
      as: problem.outputDType, problem.outputDimensions, problem.lseDimensions)
    dO = try random.tensor(problem.outputDimensions, problem.outputDType)
    permuted = try attention.permuted(&random)
  }

  package var inputs: [HostTensor?] { attention.operands + [o, lse, dO] }
  package var equalInputs: [HostTensor?] { permuted.operands + [o, lse, dO] }

  package func outputs() throws(TesseraError) -> [ConformanceOutput?] {
    let problem = attention.problem.attention
    return [
      try ConformanceOutput(problem.dtype, problem.queryDimensions),
      try ConformanceOutput(problem.dtype, problem.keyDimensions),
      try ConformanceOutput(problem.dtype, problem.valueDimensions),
      attention.sinks == nil ? nil : try ConformanceOutput(.f32, [problem.heads]),
    ]
  }

  package var summary: String { "\(schedule) \(attention.problem)" }

  package func prepare(on device: Device) throws(TesseraError) -> PreparedPlan {
    try device.preparedBackwardPlan(attention.problem, schedule)
  }

  package func verify(_ results: [HostTensor]) throws(TesseraError) -> Verification {
    Verifier.blockListAttentionBackward(
      attention, dO: dO, dQ: results[0], dK: results[1], dV: results[2],
      dSinks: results.count > 3 ? results[3] : nil)
  }
}
