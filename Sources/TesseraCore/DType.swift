/// The element type of a tensor.
///
/// Floating-point types below `f32` are storage types: arithmetic is done in `f32`.
public enum DType: String, Sendable, Hashable, Codable, CaseIterable, CustomStringConvertible {
  case f64, f32, f16, bf16
  case i64, i32, i16, i8
  case u64, u32, u16, u8
  case bool

  /// Bytes of one element.
  public var byteCount: Int {
    switch self {
    case .f64, .i64, .u64: 8
    case .f32, .i32, .u32: 4
    case .f16, .bf16, .i16, .u16: 2
    case .i8, .u8, .bool: 1
    }
  }

  /// Whether the type is a binary floating-point format.
  public var isFloatingPoint: Bool {
    switch self {
    case .f64, .f32, .f16, .bf16: true
    default: false
    }
  }

  /// The unit roundoff `u` of a floating-point type: half the distance from 1 to the next value.
  /// Zero for integers, which are exact.
  public var unitRoundoff: Double {
    switch self {
    case .f64: 0x1p-53
    case .f32: 0x1p-24
    case .f16: 0x1p-11
    case .bf16: 0x1p-8
    default: 0
    }
  }

  public var description: String { rawValue }
}
