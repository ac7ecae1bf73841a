package import TesseraCore
package import TesseraReference

/// The tensors of one attention over block lists, on the host.
package struct BlockListTensors: Sendable {
  package let problem: BlockListProblem
  package let q: HostTensor
  package let k: HostTensor
  package let v: HostTensor
  package let indices: HostTensor
  package let counts: HostTensor?
  package let sinks: HostTensor?
  package let cuQ: HostTensor?
  package let cuK: HostTensor?

  package init(
    _ problem: BlockListProblem, q: HostTensor, k: HostTensor, v: HostTensor, indices: HostTensor,
    counts: HostTensor? = nil, sinks: HostTensor? = nil, cuQ: HostTensor? = nil,
    cuK: HostTensor? = nil
  ) {
    self.problem = problem
    self.q = q
    self.k = k
    self.v = v
    self.indices = indices
    self.counts = counts
    self.sinks = sinks
    self.cuQ = cuQ
    self.cuK = cuK
  }

  /// In the order of a plan's operands.
  package var operands: [HostTensor?] { [q, k, v, indices, counts, sinks, cuQ, cuK] }

  /// O and LSE in f64.
  package func gold() -> AttentionOracle { Reference.blockListAttention(problem, inputs) }

  /// O evaluated plainly in f32.
  package func plain() -> [Double] { Reference.plainBlockListAttention(problem, inputs) }

  /// The gradients in f64, and evaluated plainly in f32.
  package func gradients(
    dO: HostTensor
  ) -> (gold: AttentionGradients, plain: AttentionGradients) {
    let (inputs, dO) = (inputs, dO.doubles())
    return (
      Reference.blockListAttentionBackward(problem, inputs, dO: dO),
      Reference.plainBlockListAttentionBackward(problem, inputs, dO: dO)
    )
  }

  /// As the oracle takes them.
  package var inputs: BlockListInputs {
    BlockListInputs(
      q: q.doubles(), k: k.doubles(), v: v.doubles(), indices: indices.integers,
      counts: counts?.integers ?? [], sinks: sinks?.doubles() ?? [], cuQ: cuQ?.integers ?? [],
      cuK: cuK?.integers ?? [])
  }
}

extension HostTensor {
  /// The values of an i32 tensor.
  var integers: [Int] { (values(as: Int32.self) ?? []).map(Int.init) }
}
