package import TesseraCore
package import TesseraReference

/// The tensors of one neighborhood attention, on the host.
package struct NeighborhoodInputs: Sendable {
  package let problem: NeighborhoodProblem
  package let q: HostTensor
  package let k: HostTensor
  package let v: HostTensor
  package let extraK: HostTensor?
  package let extraV: HostTensor?
  package let bias: HostTensor?
  package let keyMask: HostTensor?

  package init(
    _ problem: NeighborhoodProblem, q: HostTensor, k: HostTensor, v: HostTensor,
    extraK: HostTensor? = nil, extraV: HostTensor? = nil, bias: HostTensor? = nil,
    keyMask: HostTensor? = nil
  ) {
    self.problem = problem
    self.q = q
    self.k = k
    self.v = v
    self.extraK = extraK
    self.extraV = extraV
    self.bias = bias
    self.keyMask = keyMask
  }

  /// In the order of a plan's operands.
  package var operands: [HostTensor?] { [q, k, v, extraK, extraV, bias, keyMask] }

  /// O and LSE in f64.
  package func gold() -> AttentionOracle {
    let values = Doubles(self)
    guard !problem.isPlain else {
      return Reference.neighborhoodAttention(
        problem, q: values.q, k: values.k, v: values.v, extraK: values.extraK,
        extraV: values.extraV)
    }
    return Reference.extendedNeighborhoodAttention(
      problem, q: values.q, k: values.k, v: values.v, extraK: values.extraK, extraV: values.extraV,
      bias: values.bias, keyMask: values.keyMask)
  }

  /// O evaluated plainly in f32.
  package func plain() -> [Double] {
    let values = Doubles(self)
    guard !problem.isPlain else {
      return Reference.plainNeighborhoodAttention(
        problem, q: values.q, k: values.k, v: values.v, extraK: values.extraK,
        extraV: values.extraV)
    }
    return Reference.plainExtendedNeighborhoodAttention(
      problem, q: values.q, k: values.k, v: values.v, extraK: values.extraK, extraV: values.extraV,
      bias: values.bias, keyMask: values.keyMask)
  }

  /// The gradients in f64, and evaluated plainly in f32.
  package func gradients(
    dO: HostTensor
  ) -> (gold: TesseraReference.AttentionGradients, plain: TesseraReference.AttentionGradients) {
    let (values, dO) = (Doubles(self), dO.doubles())
    return (
      Reference.neighborhoodAttentionBackward(
        problem, q: values.q, k: values.k, v: values.v, extraK: values.extraK,
        extraV: values.extraV, bias: values.bias, keyMask: values.keyMask, dO: dO),
      Reference.plainNeighborhoodAttentionBackward(
        problem, q: values.q, k: values.k, v: values.v, extraK: values.extraK,
        extraV: values.extraV, bias: values.bias, keyMask: values.keyMask, dO: dO)
    )
  }

  /// The inputs as the oracle takes them.
  private struct Doubles {
    let q, k, v, extraK, extraV, bias: [Double]
    let keyMask: [Bool]

    init(_ inputs: NeighborhoodInputs) {
      (q, k, v) = (inputs.q.doubles(), inputs.k.doubles(), inputs.v.doubles())
      (extraK, extraV) = (inputs.extraK?.doubles() ?? [], inputs.extraV?.doubles() ?? [])
      bias = inputs.bias?.doubles() ?? []
      keyMask = (inputs.keyMask?.floats() ?? []).map { $0 != 0 }
    }
  }
}
