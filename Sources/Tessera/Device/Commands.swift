import TesseraRuntime

/// What `Device.run` hands to its closure: records kernels and copies in order.
public struct Commands: Sendable {
  /// The device that runs the commands.
  public let device: Device

  /// Runs `groups` workgroups of a kernel.
  ///
  /// - Parameters:
  ///   - kernel: what to run, built for this device.
  ///   - groups: workgroups along x, y, z; missing extents are 1.
  ///   - buffers: tensors in the order of the kernel's declared buffers, with the declared element
  ///     types. A written tensor may not overlap another.
  ///   - constants: values in the order of the kernel's declared constants.
  /// - Throws: `invalidArgument` or `overLimit` before anything is recorded.
  public func dispatch(
    _ kernel: Kernel, groups: [Int], buffers: [Tensor], constants: [KernelConstant] = []
  ) throws(TesseraError) {
    try kernel.record(on: device, groups: groups, buffers: buffers, constants: constants)
  }

  /// Copies all elements of a tensor into another of the same type and shape.
  public func copy(_ source: Tensor, to destination: Tensor) throws(TesseraError) {
    guard source.dtype == destination.dtype, source.shape == destination.shape else {
      throw .invalidArgument(
        "destination", got: "\(destination.dtype)\(destination.shape)",
        allowed: "\(source.dtype)\(source.shape), as the source")
    }
    try device.context.copy(
      from: try source.contiguousRange("source"), to: try destination.contiguousRange("destination"))
  }

  /// Opens a named region around what `body` records; shown in traces and debuggers.
  public func label<E: Error>(_ name: String, _ body: () throws(E) -> Void) throws(E) {
    device.context.pushLabel(name)
    defer { device.context.popLabel() }
    try body()
  }
}
