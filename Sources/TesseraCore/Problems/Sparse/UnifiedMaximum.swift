/// One maximum for all softmax weights of an attention, given beforehand.
///
/// `exp(S − value)` needs no running maximum, and so no agreement and no rescaling between the keys that are
/// taken one after the other. Where the largest score of a row lies further than `reach` from `value`, its
/// weights would overflow or vanish; the row is then computed once more with a maximum of its own, so that
/// results are those of the usual softmax but for rounding.
///
/// Source: Hong et al., "FlashDecoding++: Faster Large Language Model Inference on GPUs" (2024), which
/// recomputes where any score lies outside of a range; keys far below the largest weigh nothing either way.
public struct UnifiedMaximum: Sendable, Hashable, Codable {
  /// About what the largest scores are, after scale and cap; finite.
  public var value: Float
  /// How far the largest score of a row may lie from `value`: above 0, at most 64, so that sums of f32
  /// hold a million values of 10⁴.
  public var reach: Float

  /// - Parameter reach: how far the largest score of a row may lie from `value`.
  public init(_ value: Float, reach: Float = 48) {
    self.value = value
    self.reach = reach
  }

  /// - Throws: `invalidArgument` if a number is outside of what is allowed.
  func validate() throws(TesseraError) {
    guard value.isFinite else {
      throw .invalidArgument("unified maximum", got: value, allowed: "a finite number")
    }
    guard reach > 0, reach <= 64 else {
      throw .invalidArgument("reach of the unified maximum", got: reach, allowed: "above 0, at most 64")
    }
  }
}
