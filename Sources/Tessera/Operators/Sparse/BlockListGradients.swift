/// The gradients of an attention over block lists, in the types and shapes of what they belong to.
public struct BlockListGradients: Sendable {
  /// Gradient of the queries.
  public let queries: Tensor
  /// Gradient of the keys, summed over the query heads of each KV head.
  public let keys: Tensor
  /// Gradient of the values, summed over the query heads of each KV head.
  public let values: Tensor
  /// Gradient of the sinks, f32 `[H]`; nil without sinks.
  public let sinks: Tensor?
}
