package import TesseraCore

/// What the rows of one head have in common.
package struct AttentionHead: Sendable {
  package var headDim: Int
  package var valueDim: Int
  package var scale: Float
  package var softCap: Float?
  /// Storage type of Q, K, V and the gradients.
  package var dtype: DType
  /// Storage type of O.
  package var outputDType: DType

  package init(
    headDim: Int, valueDim: Int, scale: Float, softCap: Float? = nil, dtype: DType,
    outputDType: DType
  ) {
    self.headDim = headDim
    self.valueDim = valueDim
    self.scale = scale
    self.softCap = softCap
    self.dtype = dtype
    self.outputDType = outputDType
  }
}

/// Parts of attentions that are too large to be computed whole by the oracle.
extension Reference {
  /// O and LSE of single queries of one head: query `r` attends the vectors `keys[r]` of `k` and `v`.
  package static func attention(
    ofRows keys: [[Int]], _ head: AttentionHead, q: [Double], k: [Double], v: [Double]
  ) -> AttentionOracle {
    AttentionRows<Double>(head, keys, q, k, v).forward()
  }

  /// O of the same evaluated plainly in f32, P and O rounded to storage types.
  package static func plainAttention(
    ofRows keys: [[Int]], _ head: AttentionHead, q: [Double], k: [Double], v: [Double]
  ) -> [Double] {
    AttentionRows<Float>(head, keys, q, k, v).forward(weights: head.dtype).o
      .map(head.outputDType.nearest)
  }

  /// What the pairs of query `r` and the vectors `keys[r]` add to dQ, dK and dV, given LSE and O of the
  /// queries: the formula of the gradients without its softmax. All keys of a query give its dQ, all
  /// queries of a key its dK and dV.
  package static func gradients(
    ofPairs keys: [[Int]], _ head: AttentionHead, q: [Double], k: [Double], v: [Double],
    o: [Double], lse: [Double], dO: [Double]
  ) -> AttentionGradients {
    AttentionPairs<Double>(head, q, k, v, o, lse, dO).gradients(keys)
  }

  /// The same evaluated plainly in f32 and rounded to the storage type.
  package static func plainGradients(
    ofPairs keys: [[Int]], _ head: AttentionHead, q: [Double], k: [Double], v: [Double],
    o: [Double], lse: [Double], dO: [Double]
  ) -> AttentionGradients {
    AttentionPairs<Float>(head, q, k, v, o, lse, dO).gradients(keys).stored(as: head.dtype)
  }
}

extension AttentionRows {
  fileprivate init(
    _ head: AttentionHead, _ keys: [[Int]], _ q: [Double], _ k: [Double], _ v: [Double]
  ) {
    self.init(
      headDim: head.headDim, valueDim: head.valueDim, scale: head.scale, softCap: head.softCap,
      q: q, k: k, v: v, rows: keys.map { $0.map { AttendedKey(vector: $0) } })
  }
}
