/// A contiguous, immutable tensor in host memory: what files hold and what devices are filled from.
///
/// Row-major, last axis fastest; bytes in the machine's (little-endian) order.
public struct HostTensor: Sendable {
  /// Element type.
  public let dtype: DType
  /// Extents, outermost first.
  public let shape: Shape
  private let storage: HostStorage
  private let offset: Int

  /// Bytes of all elements.
  public var byteCount: Int { shape.elementCount * dtype.byteCount }

  /// Stores `values` in row-major order.
  /// - Throws: `invalidArgument` if the number of values is not the shape's.
  public init<Scalar: TensorScalar>(_ values: [Scalar], shape: Shape) throws(TesseraError) {
    guard values.count == shape.elementCount else {
      throw .invalidArgument(
        "values", got: "\(values.count) elements",
        allowed: "exactly \(shape.elementCount) for shape \(shape)")
    }
    self.dtype = Scalar.dtype
    self.shape = shape
    self.offset = 0
    self.storage = HostStorage(byteCount: try shape.byteCount(of: dtype)) { destination in
      values.withUnsafeBytes { destination.copyMemory(from: $0) }
    }
  }

  /// Lets `fill` write all bytes of a new tensor.
  package init<E: Error>(
    dtype: DType, shape: Shape, fill: (UnsafeMutableRawBufferPointer) throws(E) -> Void
  ) throws(E) {
    self.dtype = dtype
    self.shape = shape
    self.offset = 0
    // Cannot overflow where memory for it can exist; a wrapped count would fail the copy below.
    self.storage = try HostStorage(
      byteCount: shape.elementCount * dtype.byteCount, fill: fill)
  }

  /// A view of bytes that are kept alive by `storage`, such as one tensor of a mapped file.
  /// - Throws: `malformedData` if the range does not lie inside the storage.
  package init(
    dtype: DType, shape: Shape, storage: HostStorage, offset: Int
  ) throws(TesseraError) {
    let count = try shape.byteCount(of: dtype)
    guard offset >= 0, offset <= storage.bytes.count, count <= storage.bytes.count - offset else {
      throw .malformed(
        "tensor", reason: "\(count) bytes at \(offset) exceed the \(storage.bytes.count) there are")
    }
    self.dtype = dtype
    self.shape = shape
    self.storage = storage
    self.offset = offset
  }

  /// Reads the bytes. The pointer may be unaligned (mapped files), and must not escape.
  public func withUnsafeBytes<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    try withExtendedLifetimeOf(storage) { storage throws(E) in
      try body(
        UnsafeRawBufferPointer(rebasing: storage.bytes[offset..<(offset + byteCount)]))
    }
  }
}

/// `withExtendedLifetime` with typed throws.
private func withExtendedLifetimeOf<T: AnyObject, R, E: Error>(
  _ object: T, _ body: (T) throws(E) -> R
) throws(E) -> R {
  defer { withExtendedLifetime(object) {} }
  return try body(object)
}
