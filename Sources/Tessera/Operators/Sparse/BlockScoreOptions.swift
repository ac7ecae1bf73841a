import TesseraCore

/// How blocks of keys are scored for rows of queries.
public struct BlockScoreOptions: Sendable {
  /// How scores of the `g` query heads of a KV head become one.
  public enum Reduction: String, Sendable, Hashable, CaseIterable {
    case sum, mean, max
    /// Softmax over the blocks that the row sees, per head; then the sum.
    case vote
  }

  /// Keys per block.
  public var keyBlock: Int
  /// Queries per row, whose mean is scored.
  public var queryBlock: Int
  public var reduction: Reduction
  /// Whether a row has no score for blocks that begin after its last query.
  public var causal: Bool
  /// Where query 0 stands on the key axis.
  public var alignment: AttentionOptions.Alignment
  /// If `k` has one key per block already: how many keys these stand for. nil pools `k` by means.
  public var keys: Int?
  /// Multiplies the scores; `D^-0.5` if nil.
  public var scale: Float?

  public init(
    keyBlock: Int, queryBlock: Int = 1, reduction: Reduction = .sum, causal: Bool = false,
    alignment: AttentionOptions.Alignment = .bottomRight, keys: Int? = nil, scale: Float? = nil
  ) {
    self.keyBlock = keyBlock
    self.queryBlock = queryBlock
    self.reduction = reduction
    self.causal = causal
    self.alignment = alignment
    self.keys = keys
    self.scale = scale
  }
}

extension BlockScoreOptions {
  /// Describes the scores of these tensors.
  func problem(_ q: Tensor, _ k: Tensor) throws(TesseraError) -> BlockScoreProblem {
    let reductions: BlockScoreProblem.Reduction =
      switch reduction {
      case .sum: .sum
      case .mean: .mean
      case .max: .max
      case .vote: .vote
      }
    return try BlockScoreProblem(
      q: (q.shape, q.dtype), k: (k.shape, k.dtype), queryBlock: queryBlock, keyBlock: keyBlock,
      keys: keys, reduction: reductions, causal: causal,
      alignment: alignment == .topLeft ? .topLeft : .bottomRight, scale: scale)
  }
}
