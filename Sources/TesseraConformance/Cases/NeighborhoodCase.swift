package import Tessera
package import TesseraCore
package import TesseraKernels
import TesseraReference

/// Neighborhood attention: two of three variants plain, the third with extensions.
package struct NeighborhoodCase: ConformanceCase {
  package let attention: NeighborhoodInputs

  private let form: Int

  init(_ variant: ConformanceVariant, _ random: inout SeededRandom) throws(TesseraError) {
    let extended = variant.index % 3 == 2
    attention = try NeighborhoodInputs(
      variant, &random, extended: extended, bias: extended && variant.index % 2 == 0,
      work: extended ? 6_000_000 : nil)
    form = random.integer(in: 0...5)
  }

  package var inputs: [HostTensor?] { attention.operands }

  package func outputs() throws(TesseraError) -> [ConformanceOutput?] {
    let problem = attention.problem
    return try ConformanceOutput.attention(
      problem.outputDType, problem.outputDimensions, lse: problem.lseDimensions)
  }

  package var summary: String { "\(attention.problem)" }

  /// Takes the planner's choice in one case of six, else a form of the tensor cores where the device has
  /// them and the problem is for them.
  package func prepare(on device: Device) throws(TesseraError) -> PreparedPlan {
    let forms = form == 0 ? [] : try NeighborhoodPlanner.tensorForms(attention.problem, device.context.capabilities)
    guard !forms.isEmpty else { return try device.preparedPlan(attention.problem) }
    return try PlanExecutor.prepare(forms[form % forms.count], on: device.context)
  }

  package func verify(_ results: [HostTensor]) throws(TesseraError) -> Verification {
    Verifier.neighborhoodAttention(attention, o: results[0], lse: results[1])
  }
}
