/// One neighborhood attention, fully described.
///
/// Q `[B, X.., H, D]`, K `[B, X.., Hkv, D]`, V `[B, X.., Hkv, Dv]`, O `[B, X.., H, Dv]`, LSE
/// `[B, X.., H]` in f32; one to three token axes X. Along each axis a query attends the keys that
/// `attention_axis.h` defines; over several axes the product of these sets. Query head `h` reads
/// KV head `h / (H/Hkv)`. Optional additional keys K⁺ `[B, E, Hkv, D]`, V⁺ `[B, E, Hkv, Dv]` join the
/// same softmax, unmasked.
///
/// Source: Hassani et al., "Neighborhood Attention Transformer" (2023) and "Generalized Neighborhood
/// Attention" (2025).
package struct NeighborhoodProblem: Sendable, Hashable, Codable {
  /// The window along one token axis.
  package struct Axis: Sendable, Hashable, Codable {
    /// Tokens along the axis.
    package var length: Int
    /// Keys per query along the axis.
    package var window: Int
    /// Queries that share one window: 1 slides, `window` gives blocks.
    package var stride: Int
    /// Distance of neighbouring keys.
    package var dilation: Int
    /// Whether a query attends only keys at or before itself along this axis.
    package var causal: Bool

    package init(length: Int, window: Int, stride: Int = 1, dilation: Int = 1, causal: Bool = false)
    {
      self.length = length
      self.window = window
      self.stride = stride
      self.dilation = dilation
      self.causal = causal
    }
  }

  package var batch: Int
  package var axes: [Axis]
  package var heads: Int
  package var kvHeads: Int
  package var headDim: Int
  package var valueDim: Int
  /// Number of additional keys, E.
  package var extraKeys: Int
  /// Multiplies Q·Kᵀ.
  package var scale: Float
  /// Storage type of Q, K, V and the additional keys and values: f32, f16 or bf16.
  package var dtype: DType
  /// Storage type of O.
  package var outputDType: DType
  /// What the operator does beyond this; nil for the plain operator. Whoever computes a problem either
  /// honours all of it or refuses the problem.
  package var extensions: Extensions?

  /// Tokens per batch entry of K and V, and of Q unless its grid is another.
  package var tokens: Int { axes.reduce(1) { $0 * $1.length } }
  /// Query heads per KV head.
  package var group: Int { kvHeads == 0 ? 0 : heads / kvHeads }
  /// Keys in the window of one query (without additional keys, and before causal masking).
  package var windowKeys: Int { axes.reduce(1) { $0 * $1.window } }
  /// Shape of Q: `[B, X.., H, D]`.
  package var queryDimensions: [Int] { [batch] + queryLengths + [heads, headDim] }
  /// Shape of K.
  package var keyDimensions: [Int] { [batch] + axes.map(\.length) + [kvHeads, headDim] }
  /// Shape of V.
  package var valueDimensions: [Int] { [batch] + axes.map(\.length) + [kvHeads, valueDim] }
  /// Shape of O.
  package var outputDimensions: [Int] { [batch] + queryLengths + [heads, valueDim] }
  /// Shape of LSE.
  package var lseDimensions: [Int] { [batch] + queryLengths + [heads] }
}
