/// Native sparse attention and what its gradients need.
public struct NSAResult: Sendable {
  /// `Σ gates_i · branch_i`, `[B, Nq, H, Dv]` in the type of the queries.
  public let output: Tensor
  /// Attention to the compressed keys.
  public let compressed: Tensor
  /// Attention to the selected blocks.
  public let selected: Tensor
  /// Attention to the sliding window; nil without one.
  public let window: Tensor?
  /// The selected blocks, one list per query and KV head.
  public let lists: BlockList
  /// LSE of the branches, f32 `[B, Nq, H]`.
  let logSumExps: (compressed: Tensor, selected: Tensor, window: Tensor?)
}

/// The gradients of native sparse attention, in the types and shapes of what they belong to.
public struct NSAGradients: Sendable {
  public let queries: Tensor
  public let keys: Tensor
  public let values: Tensor
  public let gates: Tensor
  /// Of the window branch's own keys and values; nil if it has none.
  public let window: (keys: Tensor, values: Tensor)?
  /// Of compressed keys and values that were given; nil if they were not.
  public let compressed: (keys: Tensor, values: Tensor)?
}
