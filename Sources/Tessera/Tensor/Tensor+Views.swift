extension Tensor {
  /// The same elements under another shape, sharing memory.
  /// - Throws: `invalidArgument` if the element counts differ or the tensor is a strided view.
  public func reshaped(to newShape: Shape) throws(TesseraError) -> Tensor {
    guard newShape.elementCount == shape.elementCount else {
      throw .invalidArgument(
        "shape", got: newShape, allowed: "\(shape.elementCount) elements, as in \(shape)")
    }
    _ = try contiguousRange("tensor")
    return Tensor(
      dtype: dtype, shape: newShape, device: device, allocation: allocation,
      elementOffset: elementOffset)
  }

  /// The tensor with its axes in another order, sharing memory: axis `i` of the result is axis
  /// `order[i]` of this one.
  /// - Throws: `invalidArgument` if `order` is not a permutation of the axes.
  public func permuted(_ order: [Int]) throws(TesseraError) -> Tensor {
    guard order.sorted() == Array(0..<shape.rank) else {
      throw .invalidArgument(
        "order", got: "\(order)", allowed: "a permutation of 0..<\(shape.rank)")
    }
    return Tensor(
      dtype: dtype, shape: try Shape(order.map { shape.dimensions[$0] }),
      strides: order.map { strides[$0] }, device: device, allocation: allocation,
      elementOffset: elementOffset)
  }

  /// The last two axes exchanged, sharing memory. GEMM reads such a view without copying.
  public func transposed() throws(TesseraError) -> Tensor {
    guard shape.rank >= 2 else {
      throw .invalidArgument("tensor", got: "shape \(shape)", allowed: "at least two axes")
    }
    var order = Array(0..<shape.rank)
    order.swapAt(shape.rank - 1, shape.rank - 2)
    return try permuted(order)
  }

  /// Positions `range` along `axis`, sharing memory.
  /// - Throws: `invalidArgument` if axis or range lie outside the shape.
  public func sliced(axis: Int, _ range: Range<Int>) throws(TesseraError) -> Tensor {
    guard shape.dimensions.indices.contains(axis) else {
      throw .invalidArgument("axis", got: axis, allowed: "0..<\(shape.rank)")
    }
    guard range.lowerBound >= 0, range.upperBound <= shape[axis] else {
      throw .invalidArgument("range", got: "\(range)", allowed: "inside 0..<\(shape[axis])")
    }
    var dimensions = shape.dimensions
    dimensions[axis] = range.count
    return Tensor(
      dtype: dtype, shape: try Shape(dimensions), strides: strides, device: device,
      allocation: allocation,
      elementOffset: elementOffset + (range.isEmpty ? 0 : range.lowerBound * strides[axis]))
  }
}
