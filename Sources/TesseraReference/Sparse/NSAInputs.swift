/// The tensors of one native sparse attention, row-major; those that the problem does not have are empty.
package struct NSAInputs: Sendable {
  package var q: [Double]
  package var k: [Double]
  package var v: [Double]
  package var gates: [Double]
  package var kWindow: [Double]
  package var vWindow: [Double]
  package var weights: [Double]
  package var kCompressed: [Double]
  package var vCompressed: [Double]

  package init(
    q: [Double], k: [Double], v: [Double], gates: [Double], kWindow: [Double] = [],
    vWindow: [Double] = [], weights: [Double] = [], kCompressed: [Double] = [],
    vCompressed: [Double] = []
  ) {
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
}

/// Results of the branches of native sparse attention, in their order: compressed, selected, window. The
/// last is empty without a window.
package struct NSABranches: Sendable {
  package var gold: [AttentionOracle]
  /// O of each evaluated plainly in f32.
  package var plain: [[Double]]
}

/// The gradients of native sparse attention. Those of tensors that the problem does not have are empty.
package struct NSAGradients: Sendable {
  package var dq: Gradient
  package var dk: Gradient
  package var dv: Gradient
  package var dGates: Gradient
  package var dkWindow = Gradient(count: 0)
  package var dvWindow = Gradient(count: 0)
  package var dkCompressed = Gradient(count: 0)
  package var dvCompressed = Gradient(count: 0)
}
