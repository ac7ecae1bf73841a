/// A rule that says which keys a query attends, by their positions.
///
/// A query's position is where it stands on the key axis: with as many queries as keys its own number, else
/// the last query stands at the last key. Patterns become lists of key blocks on the device, one list per
/// head, and heads may have different rules: `device.pattern(_:queries:keys:queryBlock:keyBlock:)`.
///
/// Sources: Child et al., "Generating Long Sequences with Sparse Transformers" (2019); Xiao et al.,
/// "Efficient Streaming Language Models with Attention Sinks" (2023); Jiang et al., "MInference" (2024);
/// Hassani et al., "Generalized Neighborhood Attention" (2025); Chen et al., "Sparse-vDiT" (2025); Zhang et
/// al., "Scale-DiT" (2025).
public struct BlockPattern: Sendable, Hashable, Codable {
  /// What a rule says of a query at position `t` and a key `j`.
  public enum Rule: Sendable, Hashable, Codable {
    /// Nothing: the head attends no key.
    case none
    /// Everything.
    case full
    /// `t − left ≤ j ≤ t + right`.
    case band(left: Int, right: Int)
    /// Within `width` of a diagonal, of which there is one for every multiple of `period`:
    /// `|j − t − m·period| ≤ width`. Of frames of `period` tokens, places near that of the query in all
    /// frames.
    case diagonals(period: Int, width: Int)
    /// Vertical stripes: `width` keys of every `period`, from `offset` on.
    case stripes(period: Int, width: Int, offset: Int = 0)
    /// The first `sink` keys and a band.
    case sinkLocal(sink: Int, left: Int, right: Int = 0)
    /// Keys whose distance is a multiple of `stride`, and a band.
    case strided(stride: Int, left: Int, right: Int = 0)
    /// The window of neighborhood attention over tokens in row-major order of one to three extents. One
    /// value of `stride`, `dilation` or `causal` serves all axes.
    case neighborhood(
      shape: [Int], window: [Int], stride: [Int] = [1], dilation: [Int] = [1],
      causal: [Bool] = [false])
    /// Windows of a picture with a smaller copy for the whole: `height × width` tokens, window by window,
    /// and after them those of the picture reduced `factor` times on both sides, in windows of the same
    /// size. Tokens of the picture attend their window and the small window that shows their place; small
    /// tokens attend their small window, or all small tokens if `globalDense`.
    case hierarchy(
      height: Int, width: Int, window: [Int], factor: Int, globalDense: Bool = false)
    /// Vertical and slash: keys given by a tensor of columns, and keys at distances before the query given
    /// by a tensor of slashes.
    case lines
  }

  /// The rule.
  public var rule: Rule
  /// Whether a query sees no key after its position, whatever the rule says.
  public var causal: Bool
  /// Tokens at the start, such as those of a text, that attend and are attended by all; the rule starts
  /// after them. `none` has none.
  public var prefix: Int

  public init(_ rule: Rule, causal: Bool = false, prefix: Int = 0) {
    self.rule = rule
    self.causal = causal
    self.prefix = prefix
  }
}
