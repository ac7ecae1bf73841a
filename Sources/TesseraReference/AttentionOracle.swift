/// What the oracle says about one attention, in f64. A row is one query of one head.
package struct AttentionOracle: Sendable {
  /// `[.., H, Dv]`.
  package var o: [Double]
  /// `[.., H]`; `-inf` for a query without keys.
  package var lse: [Double]
  /// `Σ p·|v|` of each element of `o`, which error bounds are multiples of.
  package var magnitude: [Double]
  /// For each row of `o`, the largest `|scale| · Σ |q|·|k|` of any of its keys, plus the largest
  /// `|bias|` of any that has weight: how wrong a score computed in f32 can be is a multiple of it.
  package var scoreMagnitude: [Double]
  /// Keys of each row of `o`, additional ones included.
  package var keyCount: [Int]
}

/// What the oracle says about one neighborhood attention: `o` is `[B, X.., H, Dv]`.
package typealias NeighborhoodResult = AttentionOracle

extension AttentionOracle {
  /// These rows and then those of `other`.
  package func followed(by other: AttentionOracle) -> AttentionOracle {
    AttentionOracle(
      o: o + other.o, lse: lse + other.lse, magnitude: magnitude + other.magnitude,
      scoreMagnitude: scoreMagnitude + other.scoreMagnitude, keyCount: keyCount + other.keyCount)
  }
}
