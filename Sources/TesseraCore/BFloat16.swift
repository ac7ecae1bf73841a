/// A 16-bit floating-point number with the exponent range of `Float` and 8 bits of significand.
///
/// A storage type: convert to `Float` to compute. Conversion from `Float` rounds to nearest, ties to
/// even, and keeps NaN a quiet NaN.
@frozen
public struct BFloat16: Sendable, Hashable, BitwiseCopyable, CustomStringConvertible {
  /// The upper half of the equivalent `Float`'s bits.
  public var bitPattern: UInt16

  /// Creates a value from its bits.
  @inlinable
  public init(bitPattern: UInt16) { self.bitPattern = bitPattern }

  /// Rounds `value` to the nearest representable number, ties to even.
  @inlinable
  public init(_ value: Float) {
    let bits = value.bitPattern
    if value.isNaN {
      bitPattern = UInt16(truncatingIfNeeded: bits >> 16) | 0x0040
    } else {
      // Cannot overflow: the largest non-NaN pattern is that of infinity, 0xFF80_0000.
      let rounding: UInt32 = 0x7FFF + ((bits >> 16) & 1)
      bitPattern = UInt16(truncatingIfNeeded: (bits &+ rounding) >> 16)
    }
  }

  /// The value as `Float`, exactly.
  @inlinable public var floatValue: Float { Float(bitPattern: UInt32(bitPattern) << 16) }

  public var description: String { floatValue.description }
}

extension Float {
  /// Converts exactly.
  @inlinable public init(_ value: BFloat16) { self = value.floatValue }
}
