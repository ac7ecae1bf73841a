package import Tessera
package import TesseraCore
package import TesseraKernels
import TesseraReference

/// Attention over a paged cache, of elements of the queries' type or of any.
package struct PagedCase: ConformanceCase {
  package let attention: PagedTensors

  init(
    _ variant: ConformanceVariant, _ random: inout SeededRandom, mixed: Bool = false
  ) throws(TesseraError) {
    attention = try PagedTensors(variant, &random, work: mixed ? 4_000_000 : 8_000_000, mixed: mixed)
  }

  package var inputs: [HostTensor?] { attention.operands }

  package func outputs() throws(TesseraError) -> [ConformanceOutput?] {
    let problem = attention.problem
    return try ConformanceOutput.attention(
      problem.outputDType, problem.outputDimensions, lse: problem.lseDimensions)
  }

  package var summary: String { "\(attention.problem)" }

  package func prepare(on device: Device) throws(TesseraError) -> PreparedPlan {
    try device.preparedPlan(attention.problem)
  }

  package func verify(_ results: [HostTensor]) throws(TesseraError) -> Verification {
    Verifier.pagedAttention(attention, o: results[0], lse: results[1])
  }
}
