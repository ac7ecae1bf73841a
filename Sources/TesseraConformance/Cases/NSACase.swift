package import Tessera
package import TesseraCore
package import TesseraKernels
import TesseraReference

/// Native sparse attention.
package struct NSACase: ConformanceCase {
  package let tensors: NSATensors

  init(_ variant: ConformanceVariant, _ random: inout SeededRandom) throws(TesseraError) {
    tensors = try NSATensors(variant, &random, work: 6_000_000, farAhead: 1e4)
  }

  /// A case of given tensors.
  package init(_ tensors: NSATensors) { self.tensors = tensors }

  package var inputs: [HostTensor?] { tensors.operands }

  package func outputs() throws(TesseraError) -> [ConformanceOutput?] {
    let problem = tensors.problem
    func output() throws(TesseraError) -> ConformanceOutput {
      try ConformanceOutput(problem.dtype, problem.outputDimensions)
    }
    func lse() throws(TesseraError) -> ConformanceOutput {
      try ConformanceOutput(.f32, problem.lseDimensions)
    }
    let hasWindow = problem.window > 0
    return [
      try output(), try output(), try output(), hasWindow ? try output() : nil, try lse(),
      try lse(), hasWindow ? try lse() : nil,
      try ConformanceOutput(.i32, problem.selection.indexDimensions),
      try ConformanceOutput(.i32, problem.selection.countDimensions),
    ]
  }

  package var summary: String { "\(tensors.problem)" }

  package func prepare(on device: Device) throws(TesseraError) -> PreparedPlan {
    try device.preparedPlan(tensors.problem)
  }

  package func verify(_ results: [HostTensor]) throws(TesseraError) -> Verification {
    let branches = tensors.problem.window > 0 ? 3 : 2
    return Verifier.nsa(
      tensors,
      .init(
        o: results[0], compressed: results[1], selected: results[2],
        window: branches == 3 ? results[3] : nil, indices: results[1 + 2 * branches],
        counts: results[2 + 2 * branches],
        lse: Array(results[(1 + branches)..<(1 + 2 * branches)])))
  }
}
