import TesseraKernels
import TesseraRuntime

extension Tensor {
  /// The same elements in row-major order: the tensor itself if it is contiguous and starts where the
  /// device can bind it, else a copy made on the device.
  /// - Throws: `overLimit`, `outOfMemory`.
  public func contiguous() throws(TesseraError) -> Tensor {
    let alignment = device.context.capabilities.bindingAlignment
    if isContiguous, elementOffset * dtype.byteCount % alignment == 0 { return self }
    let source = BufferRange(allocation)
    let plan = try StridedCopy.plan(
      shape: shape, strides: strides, dtype: dtype, elementOffset: elementOffset,
      sourceBytes: source.byteCount, device.context.capabilities)
    let result = try Tensor(uninitialized: shape, dtype: dtype, on: device)
    try PlanExecutor.execute(
      try PlanExecutor.prepare(plan, on: device.context),
      operands: [source, try result.contiguousRange("result")], on: device.context)
    return result
  }
}
