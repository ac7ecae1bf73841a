import TesseraCore

/// The element types of safetensors.
enum SafetensorsType {
  private static let pairs: [(String, DType)] = [
    ("F64", .f64), ("F32", .f32), ("F16", .f16), ("BF16", .bf16),
    ("I64", .i64), ("I32", .i32), ("I16", .i16), ("I8", .i8),
    ("U64", .u64), ("U32", .u32), ("U16", .u16), ("U8", .u8), ("BOOL", .bool),
  ]

  /// The names that Tessera has an element type for.
  static var names: [String] { pairs.map(\.0) }

  /// Tessera's type of that name, if there is one.
  static func dtype(_ name: String) -> DType? { pairs.first { $0.0 == name }?.1 }

  /// The name of `dtype` in a header.
  static func name(_ dtype: DType) -> String {
    // Every case is in the table; the test of all types would fail otherwise.
    pairs.first { $0.1 == dtype }?.0 ?? dtype.rawValue.uppercased()
  }

  /// Bits of one element, also of types that exist only in the format; nil if unknown.
  static func bitCount(_ name: String) -> Int? {
    if let dtype = dtype(name) { return dtype.byteCount * 8 }
    switch name {
    case "F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ": return 8
    case "F6_E2M3", "F6_E3M2": return 6
    case "F4": return 4
    case "C64": return 64
    default: return nil
    }
  }
}
