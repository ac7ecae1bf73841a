package import Tessera
package import TesseraCore
package import TesseraKernels
import TesseraReference

/// The gradients of native sparse attention, given what the oracle says of the forward pass, rounded to
/// its storage types.
package struct NSABackwardCase: ConformanceCase {
  package let tensors: NSATensors
  package let dO: HostTensor
  private let lists: [Int]
  private let results: [HostTensor?]

  init(_ variant: ConformanceVariant, _ random: inout SeededRandom) throws(TesseraError) {
    // LSE in f32 does not know a larger one well enough for weights that are right to the last digits.
    try self.init(
      NSATensors(variant, &random, work: 2_000_000, farAhead: 100), &random)
  }

  /// A case of given tensors.
  init(_ tensors: NSATensors, _ random: inout SeededRandom) throws(TesseraError) {
    self.tensors = tensors
    let problem = tensors.problem
    let (indices, counts) = tensors.lists()
    lists = indices
    let branches = Reference.nsaBranches(problem, tensors.inputs, lists: indices)
    let (o, lse) = (problem.outputDimensions, problem.lseDimensions)
    var stored: [(o: HostTensor, lse: HostTensor)] = []
    for branch in branches.gold { stored.append(try branch.stored(as: problem.dtype, o, lse)) }
    let gated = Reference.nsaGated(
      problem, gates: tensors.gates.doubles(), branches: branches.gold.map(\.o))
    let hasWindow = stored.count > 2
    results = [
      try HostTensor(
        rounding: gated.o.map { Float($0) }, to: problem.dtype, shape: try Shape(o)),
      stored[0].o, stored[1].o, hasWindow ? stored[2].o : nil, stored[0].lse, stored[1].lse,
      hasWindow ? stored[2].lse : nil,
      try BlockListTensors.integers(indices, problem.selection.indexDimensions),
      try BlockListTensors.integers(counts, problem.selection.countDimensions),
    ]
    dO = try random.tensor(o, problem.dtype)
  }

  package var inputs: [HostTensor?] { tensors.operands + results + [dO] }

  package func outputs() throws(TesseraError) -> [ConformanceOutput?] {
    let problem = tensors.problem
    func output(_ dimensions: [Int], if there: Bool = true) throws(TesseraError) -> ConformanceOutput? {
      there ? try ConformanceOutput(problem.dtype, dimensions) : nil
    }
    let given = problem.compression == .given
    return [
      try output(problem.queryDimensions), try output(problem.keyDimensions),
      try output(problem.valueDimensions),
      try ConformanceOutput(problem.gateDType, problem.gateDimensions),
      try output(problem.keyDimensions, if: problem.ownWindow),
      try output(problem.valueDimensions, if: problem.ownWindow),
      try output(problem.compressedKeyDimensions, if: given),
      try output(problem.compressedValueDimensions, if: given),
    ]
  }

  package var summary: String { "\(tensors.problem)" }

  package func prepare(on device: Device) throws(TesseraError) -> PreparedPlan {
    try device.preparedBackwardPlan(tensors.problem)
  }

  package func verify(_ results: [HostTensor]) throws(TesseraError) -> Verification {
    Verifier.nsaBackward(
      tensors, lists: lists, dO: dO, dQ: results[0], dK: results[1], dV: results[2],
      dGates: results[3], more: Array(results.dropFirst(4)))
  }
}
