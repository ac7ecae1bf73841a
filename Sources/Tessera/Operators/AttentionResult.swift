/// The result of an attention with its normaliser.
public struct AttentionResult: Sendable {
  /// `[B, X.., H, Dv]`.
  public let output: Tensor
  /// Natural logarithm of the softmax denominator, f32 `[B, X.., H]`; −∞ for a query without keys.
  public let logSumExp: Tensor
}

/// The gradients of a dense attention, in the types and shapes of what they belong to.
public struct AttentionGradients: Sendable {
  /// Gradient of the queries.
  public let queries: Tensor
  /// Gradient of the keys, summed over the query heads of each KV head.
  public let keys: Tensor
  /// Gradient of the values, summed over the query heads of each KV head.
  public let values: Tensor
}

/// The gradients of a neighborhood attention, in the types and shapes of what they belong to; nil for
/// what the attention did not have.
public struct NeighborhoodGradients: Sendable {
  /// Gradient of the queries.
  public let queries: Tensor
  /// Gradient of the keys, summed over the query heads of each KV head.
  public let keys: Tensor
  /// Gradient of the values, summed over the query heads of each KV head.
  public let values: Tensor
  /// Gradient of the additional keys.
  public let extraKeys: Tensor?
  /// Gradient of the additional values.
  public let extraValues: Tensor?
  /// Gradient of the relative-position bias, f32.
  public let bias: Tensor?
}
