package import TesseraCore
package import TesseraReference

/// The tensors of one native sparse attention, on the host.
package struct NSATensors: Sendable {
  package let problem: NSAProblem
  package let q: HostTensor
  package let k: HostTensor
  package let v: HostTensor
  package let gates: HostTensor
  package var kWindow: HostTensor?
  package var vWindow: HostTensor?
  package var weights: HostTensor?
  package var kCompressed: HostTensor?
  package var vCompressed: HostTensor?

  package init(
    _ problem: NSAProblem, q: HostTensor, k: HostTensor, v: HostTensor, gates: HostTensor,
    kWindow: HostTensor? = nil, vWindow: HostTensor? = nil, weights: HostTensor? = nil,
    kCompressed: HostTensor? = nil, vCompressed: HostTensor? = nil
  ) {
    self.problem = problem
    self.q = q
    self.k = k
    self.v = v
    self.gates = gates
    self.kWindow = kWindow
    self.vWindow = vWindow
    self.weights = weights
    self.kCompressed = kCompressed
    self.vCompressed = vCompressed
  }

  /// In the order of a plan's operands.
  package var operands: [HostTensor?] {
    [q, k, v, gates, kWindow, vWindow, weights, kCompressed, vCompressed]
  }

  /// As the oracle takes them.
  package var inputs: NSAInputs {
    NSAInputs(
      q: q.doubles(), k: k.doubles(), v: v.doubles(), gates: gates.doubles(),
      kWindow: kWindow?.doubles() ?? [], vWindow: vWindow?.doubles() ?? [],
      weights: weights?.doubles() ?? [], kCompressed: kCompressed?.doubles() ?? [],
      vCompressed: vCompressed?.doubles() ?? [])
  }

  /// The oracle's lists, `[B, Hkv, Nq, n]` with −1 behind, and counts.
  package func lists() -> (indices: [Int], counts: [Int]) {
    let rows = Reference.selectBlocks(
      problem.selection, scores: Reference.nsaImportance(problem, inputs).scores)
    return (
      rows.flatMap { $0 + [Int](repeating: -1, count: problem.top - $0.count) }, rows.map(\.count)
    )
  }
}
