/// A Swift type that is the host form of a `DType`.
public protocol TensorScalar: BitwiseCopyable, Sendable {
  /// The element type this Swift type stores.
  static var dtype: DType { get }
}

extension Double: TensorScalar { public static var dtype: DType { .f64 } }
extension Float: TensorScalar { public static var dtype: DType { .f32 } }
extension BFloat16: TensorScalar { public static var dtype: DType { .bf16 } }
extension Int64: TensorScalar { public static var dtype: DType { .i64 } }
extension Int32: TensorScalar { public static var dtype: DType { .i32 } }
extension Int16: TensorScalar { public static var dtype: DType { .i16 } }
extension Int8: TensorScalar { public static var dtype: DType { .i8 } }
extension UInt64: TensorScalar { public static var dtype: DType { .u64 } }
extension UInt32: TensorScalar { public static var dtype: DType { .u32 } }
extension UInt16: TensorScalar { public static var dtype: DType { .u16 } }
extension UInt8: TensorScalar { public static var dtype: DType { .u8 } }
#if !((os(macOS) || targetEnvironment(macCatalyst)) && arch(x86_64))
extension Float16: TensorScalar { public static var dtype: DType { .f16 } }
#endif
