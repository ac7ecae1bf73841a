import TesseraCore

/// The element types of NumPy, as its files spell them: byte order, kind, bytes.
struct NpyType {
  let dtype: DType
  /// Whether the bytes of each element are in the other order than the machine's.
  let isBigEndian: Bool

  /// Reads a type string such as `<f4`, `|b1` or `>i8`; nil if Tessera has no such type.
  init?(_ descriptor: String) {
    let parts = Array(descriptor.utf8)
    guard parts.count == 3, let dtype = Self.dtype(kind: parts[1], size: parts[2]) else {
      return nil
    }
    switch parts[0] {
    case UInt8(ascii: "<"), UInt8(ascii: "="): isBigEndian = false
    case UInt8(ascii: ">"): isBigEndian = dtype.byteCount > 1
    // "Not applicable" is for single bytes only.
    case UInt8(ascii: "|") where dtype.byteCount == 1: isBigEndian = false
    default: return nil
    }
    self.dtype = dtype
  }

  /// The type string of `dtype`; nil for bf16, which NumPy does not have.
  static func descriptor(_ dtype: DType) -> String? {
    switch dtype {
    case .f64: "<f8"
    case .f32: "<f4"
    case .f16: "<f2"
    case .bf16: nil
    case .i64: "<i8"
    case .i32: "<i4"
    case .i16: "<i2"
    case .i8: "|i1"
    case .u64: "<u8"
    case .u32: "<u4"
    case .u16: "<u2"
    case .u8: "|u1"
    case .bool: "|b1"
    }
  }

  private static func dtype(kind: UInt8, size: UInt8) -> DType? {
    switch (Unicode.Scalar(kind), Unicode.Scalar(size)) {
    case ("f", "8"): .f64
    case ("f", "4"): .f32
    case ("f", "2"): .f16
    case ("i", "8"): .i64
    case ("i", "4"): .i32
    case ("i", "2"): .i16
    case ("i", "1"): .i8
    case ("u", "8"): .u64
    case ("u", "4"): .u32
    case ("u", "2"): .u16
    case ("u", "1"): .u8
    case ("b", "1"): .bool
    default: nil
    }
  }
}
