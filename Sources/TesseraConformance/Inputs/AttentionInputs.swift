package import TesseraCore
package import TesseraReference

/// The tensors of one dense attention, on the host.
package struct AttentionInputs: Sendable {
  package let problem: AttentionProblem
  package let q: HostTensor
  package let k: HostTensor
  package let v: HostTensor
  package let alibi: HostTensor?
  package let cuQ: HostTensor?
  package let cuK: HostTensor?

  package init(
    _ problem: AttentionProblem, q: HostTensor, k: HostTensor, v: HostTensor,
    alibi: HostTensor? = nil, cuQ: HostTensor? = nil, cuK: HostTensor? = nil
  ) {
    self.problem = problem
    self.q = q
    self.k = k
    self.v = v
    self.alibi = alibi
    self.cuQ = cuQ
    self.cuK = cuK
  }

  /// In the order of a plan's operands.
  package var operands: [HostTensor?] { [q, k, v, alibi, cuQ, cuK] }

  /// O and LSE in f64.
  package func gold() -> AttentionOracle {
    Reference.attention(
      problem, q: q.doubles(), k: k.doubles(), v: v.doubles(), alibi: slopes, cuQ: queryEnds,
      cuK: keyEnds)
  }

  /// O evaluated plainly in f32.
  package func plain() -> [Double] {
    Reference.plainAttention(
      problem, q: q.doubles(), k: k.doubles(), v: v.doubles(), alibi: slopes, cuQ: queryEnds,
      cuK: keyEnds)
  }

  /// The gradients in f64, and evaluated plainly in f32.
  package func gradients(
    dO: HostTensor
  ) -> (gold: TesseraReference.AttentionGradients, plain: TesseraReference.AttentionGradients) {
    let (q, k, v, dO) = (q.doubles(), k.doubles(), v.doubles(), dO.doubles())
    return (
      Reference.attentionBackward(
        problem, q: q, k: k, v: v, alibi: slopes, cuQ: queryEnds, cuK: keyEnds, dO: dO),
      Reference.plainAttentionBackward(
        problem, q: q, k: k, v: v, alibi: slopes, cuQ: queryEnds, cuK: keyEnds, dO: dO)
    )
  }

  private var slopes: [Double] { alibi?.doubles() ?? [] }
  private var queryEnds: [Int] { (cuQ?.values(as: Int32.self) ?? []).map(Int.init) }
  private var keyEnds: [Int] { (cuK?.values(as: Int32.self) ?? []).map(Int.init) }
}
