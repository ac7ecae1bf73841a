package import Tessera
package import TesseraCore
package import TesseraKernels
import TesseraReference

/// Dense attention.
package struct AttentionCase: ConformanceCase {
  package let attention: AttentionInputs

  init(_ variant: ConformanceVariant, _ random: inout SeededRandom) throws(TesseraError) {
    attention = try AttentionInputs(variant, &random, work: 4_000_000)
  }

  package var inputs: [HostTensor?] { attention.operands }

  package func outputs() throws(TesseraError) -> [ConformanceOutput?] {
    let problem = attention.problem
    return [
      try ConformanceOutput(problem.outputDType, problem.outputDimensions),
      try ConformanceOutput(.f32, problem.lseDimensions),
    ]
  }

  package var summary: String { "\(attention.problem)" }

  package func prepare(on device: Device) throws(TesseraError) -> PreparedPlan {
    try device.preparedPlan(attention.problem)
  }

  package func verify(_ results: [HostTensor]) throws(TesseraError) -> Verification {
    Verifier.attention(attention, o: results[0], lse: results[1])
  }
}
