package import Tessera
package import TesseraCore
package import TesseraKernels
import TesseraReference

/// Attention over block lists.
package struct BlockListCase: ConformanceCase {
  package let attention: BlockListTensors
  package let schedule: BlockListSchedule
  /// The same lists in another order.
  private let permuted: BlockListTensors
  private let planned: Bool

  init(_ variant: ConformanceVariant, _ random: inout SeededRandom) throws(TesseraError) {
    attention = try BlockListTensors(variant, &random, work: 4_000_000, farAhead: 1e4)
    schedule = BlockListSchedule.allCases[ListVariant(variant).schedule]
    permuted = try attention.permuted(&random)
    planned = random.integer(in: 0...2) == 0
  }

  package var inputs: [HostTensor?] { attention.operands }
  package var equalInputs: [HostTensor?] { permuted.operands }

  package func outputs() throws(TesseraError) -> [ConformanceOutput?] {
    let problem = attention.problem.attention
    return try ConformanceOutput.attention(
      problem.outputDType, problem.outputDimensions, lse: problem.lseDimensions)
  }

  package var summary: String { "\(schedule) \(attention.problem)" }

  /// Takes the planner's choice in one case of three, else the tensor cores where the device has them and
  /// the problem is for them.
  package func prepare(on device: Device) throws(TesseraError) -> PreparedPlan {
    let capabilities = device.context.capabilities
    guard !planned, capabilities.tensorTiers?.isEmpty == false else {
      return try device.preparedPlan(attention.problem, schedule)
    }
    return try PlanExecutor.prepare(
      try BlockListPlanner.plan(
        attention.problem, schedule: schedule, capabilities, onTensorCores: true),
      on: device.context)
  }

  package func verify(_ results: [HostTensor]) throws(TesseraError) -> Verification {
    Verifier.blockListAttention(attention, o: results[0], lse: results[1])
  }
}
