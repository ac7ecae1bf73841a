package import TesseraRuntime

/// Elements of one type in a device's memory, seen through a shape and strides.
///
/// A tensor is a handle: copies share memory, and operators return new tensors. Row-major, last axis
/// fastest, unless made by a view. Reading waits for the work that produces the elements; errors of
/// that work are thrown there. Tensors are `Sendable`.
public struct Tensor: Sendable {
  /// Element type.
  public let dtype: DType
  /// Extents, outermost first.
  public let shape: Shape
  /// Elements to step over for one step along each axis.
  public let strides: [Int]
  /// Where the elements live.
  public let device: Device
  package let allocation: Allocation
  /// Elements from the allocation's start to the first one.
  package let elementOffset: Int

  package init(
    dtype: DType, shape: Shape, strides: [Int]? = nil, device: Device, allocation: Allocation,
    elementOffset: Int = 0
  ) {
    self.dtype = dtype
    self.shape = shape
    self.strides = strides ?? shape.strides
    self.device = device
    self.allocation = allocation
    self.elementOffset = elementOffset
  }

  /// Makes a tensor with undefined elements, to be written by a kernel.
  /// - Throws: `overLimit` if its bytes overflow or exceed the device's largest buffer, `outOfMemory`.
  public init(uninitialized shape: Shape, dtype: DType, on device: Device) throws(TesseraError) {
    let byteCount = try shape.byteCount(of: dtype)
    self.init(
      dtype: dtype, shape: shape, device: device,
      allocation: try device.context.allocate(byteCount: byteCount))
  }

  /// Makes a tensor of zeros.
  public init(zeros shape: Shape, dtype: DType, on device: Device) throws(TesseraError) {
    try self.init(uninitialized: shape, dtype: dtype, on: device)
    let padded = (allocation.byteCount + 3) & ~3
    try device.context.fill(BufferRange(allocation, offset: 0, byteCount: padded), pattern: 0)
  }

  /// Copies `values` to the device.
  /// - Throws: `invalidArgument` if the number of values is not the shape's.
  public init<Scalar: TensorScalar>(
    _ values: [Scalar], shape: Shape, on device: Device
  ) throws(TesseraError) {
    guard values.count == shape.elementCount else {
      throw .invalidArgument(
        "values", got: "\(values.count) elements",
        allowed: "exactly \(shape.elementCount) for shape \(shape)")
    }
    try self.init(uninitialized: shape, dtype: Scalar.dtype, on: device)
    let range = BufferRange(allocation)
    try values.withUnsafeBufferPointer { buffer throws(TesseraError) in
      try device.context.write(UnsafeRawBufferPointer(buffer), to: range)
    }
  }

  /// Rounds `values` to `dtype` and copies them to the device.
  public init(
    _ values: [Float], shape: Shape, dtype: DType, on device: Device
  ) throws(TesseraError) {
    try self.init(try HostTensor(rounding: values, to: dtype, shape: shape), on: device)
  }

  /// Copies a host tensor, such as one from a file, to the device.
  public init(_ host: HostTensor, on device: Device) throws(TesseraError) {
    try self.init(uninitialized: host.shape, dtype: host.dtype, on: device)
    let range = BufferRange(allocation)
    try host.withUnsafeBytes { bytes throws(TesseraError) in
      try device.context.write(bytes, to: range)
    }
  }

  /// Whether the elements lie in row-major order without gaps.
  public var isContiguous: Bool {
    zip(zip(shape.dimensions, strides), shape.strides).allSatisfy {
      // The stride of an axis with one element is never used.
      $0.0 <= 1 || $0.1 == $1
    } || shape.elementCount == 0
  }
}
