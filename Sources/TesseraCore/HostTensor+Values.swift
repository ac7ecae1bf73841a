internal import CTesseraSIMD

extension HostTensor {
  /// The elements as `Float`, converted from any type (integers beyond 2²⁴ and `f64` round).
  public func floats() -> [Float] {
    let count = shape.elementCount
    return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      withUnsafeBytes { bytes in
        guard let out = buffer.baseAddress, let source = bytes.baseAddress, count > 0 else { return }
        HostTensor.convert(source, dtype, to: out, count: count)
      }
      initialized = count
    }
  }

  /// The elements as `Double`, exactly for every floating-point type.
  public func doubles() -> [Double] {
    switch dtype {
    case .f64: values(as: Double.self) ?? []
    case .i64: (values(as: Int64.self) ?? []).map(Double.init)
    // Not `map(Double.init)`: on UInt64 that means `init(bitPattern:)`.
    case .u64: (values(as: UInt64.self) ?? []).map { Double($0) }
    case .i32: (values(as: Int32.self) ?? []).map(Double.init)
    case .u32: (values(as: UInt32.self) ?? []).map(Double.init)
    default: floats().map(Double.init)
    }
  }

  /// `count` elements from position `start` on as `Double`, of a floating-point type up to f32.
  package func doubles(at start: Int, count: Int) -> [Double] {
    let part = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      withUnsafeBytes { bytes in
        guard let out = buffer.baseAddress, let source = bytes.baseAddress, count > 0 else { return }
        HostTensor.convert(source + start * dtype.byteCount, dtype, to: out, count: count)
      }
      initialized = count
    }
    return part.map(Double.init)
  }

  /// The elements in their own type, or `nil` if `Scalar` is not the tensor's element type.
  public func values<Scalar: TensorScalar>(as _: Scalar.Type) -> [Scalar]? {
    guard Scalar.dtype == dtype else { return nil }
    let count = shape.elementCount
    return [Scalar](unsafeUninitializedCapacity: count) { buffer, initialized in
      withUnsafeBytes { UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
      initialized = count
    }
  }

  /// Rounds `values` to `dtype` (nearest, ties to even; integers truncate and saturate, NaN is 0).
  /// - Throws: `invalidArgument` if the number of values is not the shape's.
  public init(rounding values: [Float], to dtype: DType, shape: Shape) throws(TesseraError) {
    guard values.count == shape.elementCount else {
      throw .invalidArgument(
        "values", got: "\(values.count) elements",
        allowed: "exactly \(shape.elementCount) for shape \(shape)")
    }
    _ = try shape.byteCount(of: dtype)
    self.init(dtype: dtype, shape: shape) { destination in
      guard let out = destination.baseAddress, !values.isEmpty else { return }
      HostTensor.round(values, to: dtype, out)
    }
  }

  /// The same values in another element type. Returns itself if the type is the same already.
  public func converted(to target: DType) throws(TesseraError) -> HostTensor {
    if target == dtype { return self }
    if target == .f64 { return try HostTensor(doubles(), shape: shape) }
    return try HostTensor(rounding: floats(), to: target, shape: shape)
  }

  /// The same elements under another shape.
  /// - Throws: `invalidArgument` if the number of elements differs.
  public func reshaped(to newShape: Shape) throws(TesseraError) -> HostTensor {
    guard newShape.elementCount == shape.elementCount else {
      throw .invalidArgument(
        "shape", got: newShape, allowed: "\(shape.elementCount) elements, as in \(shape)")
    }
    return HostTensor(dtype: dtype, shape: newShape) { destination in
      withUnsafeBytes { destination.copyMemory(from: $0) }
    }
  }

  private static func convert(
    _ source: UnsafeRawPointer, _ dtype: DType, to out: UnsafeMutablePointer<Float>, count: Int
  ) {
    func each<T: BitwiseCopyable>(_: T.Type, _ body: (T) -> Float) {
      let stride = MemoryLayout<T>.stride
      for i in 0..<count {
        out[i] = body(source.loadUnaligned(fromByteOffset: i * stride, as: T.self))
      }
    }
    switch dtype {
    case .f32: memcpyBytes(out, source, count * 4)
    case .f16: tessera_f16_to_f32(source, out, count)
    case .bf16: tessera_bf16_to_f32(source, out, count)
    case .f64: each(Double.self) { Float($0) }
    case .i64: each(Int64.self) { Float($0) }
    case .i32: each(Int32.self) { Float($0) }
    case .i16: each(Int16.self) { Float($0) }
    case .i8: each(Int8.self) { Float($0) }
    case .u64: each(UInt64.self) { Float($0) }
    case .u32: each(UInt32.self) { Float($0) }
    case .u16: each(UInt16.self) { Float($0) }
    case .u8: each(UInt8.self) { Float($0) }
    case .bool: each(UInt8.self) { $0 == 0 ? 0 : 1 }
    }
  }

  private static func round(_ values: [Float], to dtype: DType, _ out: UnsafeMutableRawPointer) {
    func each<T: BitwiseCopyable>(_ body: (Float) -> T) {
      for (i, value) in values.enumerated() {
        out.storeBytes(of: body(value), toByteOffset: i * MemoryLayout<T>.stride, as: T.self)
      }
    }
    func integer<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) {
      each { (value: Float) -> T in
        if value.isNaN { return 0 }
        if let exact = T(exactly: value.rounded(.towardZero)) { return exact }
        return value < 0 ? T.min : T.max
      }
    }
    switch dtype {
    case .f32: values.withUnsafeBytes { out.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    case .f16: values.withUnsafeBufferPointer { tessera_f32_to_f16($0.baseAddress!, out, $0.count) }
    case .bf16: values.withUnsafeBufferPointer { tessera_f32_to_bf16($0.baseAddress!, out, $0.count) }
    case .f64: each { Double($0) }
    case .i64: integer(Int64.self)
    case .i32: integer(Int32.self)
    case .i16: integer(Int16.self)
    case .i8: integer(Int8.self)
    case .u64: integer(UInt64.self)
    case .u32: integer(UInt32.self)
    case .u16: integer(UInt16.self)
    case .u8: integer(UInt8.self)
    case .bool: each { UInt8($0 == 0 ? 0 : 1) }
    }
  }

  private static func memcpyBytes(_ to: UnsafeMutableRawPointer, _ from: UnsafeRawPointer, _ count: Int) {
    to.copyMemory(from: from, byteCount: count)
  }
}
