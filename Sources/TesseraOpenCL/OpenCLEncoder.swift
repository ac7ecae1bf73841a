import COpenCL
package import TesseraCore
package import TesseraHAL

/// Records commands as plain data; OpenCL sees them when they are submitted.
package final class OpenCLEncoder: HALEncoder {
  private let device: OpenCLDevice
  /// Nil once finished.
  private var storage: CommandStorage?
  /// The timing slot that is open, and the number of commands when it was opened.
  private var openSlot: (slot: Int, first: Int)?

  init(device: OpenCLDevice, storage: CommandStorage) {
    self.device = device
    self.storage = storage
  }

  deinit {
    if let storage { device.recycle(storage) }
  }

  package func dispatch(
    _ kernel: any HALKernel, groups: GridSize, constants: UnsafeRawBufferPointer,
    bindings: UnsafeBufferPointer<Binding>
  ) throws(TesseraError) {
    let storage = try recording()
    guard let kernel = kernel as? OpenCLKernel, kernel.device === device else { throw foreign() }
    let signature = kernel.signature
    guard bindings.count == signature.slots.count else {
      throw .invalidArgument(
        "bindings of kernel \(signature.name)", got: bindings.count,
        allowed: "\(signature.slots.count)")
    }
    guard constants.count == signature.constantBytes else {
      throw .invalidArgument(
        "constant bytes of kernel \(signature.name)", got: constants.count,
        allowed: "\(signature.constantBytes)")
    }
    var command = Command(operation: .dispatch, firstRange: storage.ranges.count)
    command.global = try Self.global(groups, kernel)
    for binding in bindings {
      if signature.style == .plain { try checkSubBuffer(binding, of: signature) }
      try append(binding.buffer, binding.offset, binding.byteCount, to: storage)
    }
    command.kernel = storage.kernels.count
    storage.kernels.append(kernel)
    command.data = storage.bytes.append(constants)
    storage.commands.append(command)
  }

  package func copy(
    from source: any HALBuffer, offset sourceOffset: Int, to destination: any HALBuffer,
    offset destinationOffset: Int, byteCount: Int
  ) throws(TesseraError) {
    let storage = try recording()
    guard byteCount > 0 else { return }
    let command = Command(operation: .copy, firstRange: storage.ranges.count)
    try append(source, sourceOffset, byteCount, to: storage)
    try append(destination, destinationOffset, byteCount, to: storage)
    storage.commands.append(command)
  }

  package func fill(
    _ buffer: any HALBuffer, offset: Int, byteCount: Int, pattern: UInt32
  ) throws(TesseraError) {
    let storage = try recording()
    guard byteCount > 0 else { return }
    var command = Command(operation: .fill, firstRange: storage.ranges.count)
    command.data = Int(pattern)
    try append(buffer, offset, byteCount, to: storage)
    storage.commands.append(command)
  }

  package func update(
    _ buffer: any HALBuffer, offset: Int, bytes: UnsafeRawBufferPointer
  ) throws(TesseraError) {
    let storage = try recording()
    guard bytes.count > 0 else { return }
    var command = Command(operation: .update, firstRange: storage.ranges.count)
    try append(buffer, offset, bytes.count, to: storage)
    command.data = storage.bytes.append(bytes)
    storage.hasUpdates = true
    storage.commands.append(command)
  }

  /// The queue executes in order, so every command already sees all before it.
  package func barrier() throws(TesseraError) {}

  package func beginTiming(_ slot: Int) throws(TesseraError) {
    let storage = try recording()
    storage.slotCount = max(storage.slotCount, slot + 1)
    openSlot = (slot, storage.commands.count)
  }

  package func endTiming(_ slot: Int) throws(TesseraError) {
    let storage = try recording()
    guard let open = openSlot, open.slot == slot else { return }
    openSlot = nil
    guard open.first < storage.commands.count else { return }
    storage.commands[open.first].opens = slot
    storage.commands[storage.commands.count - 1].closes = slot
  }

  /// OpenCL has no regions for debuggers.
  package func pushLabel(_ label: String) {}
  package func popLabel() {}

  package func finish() throws(TesseraError) -> any HALCommands {
    let finished = try recording()
    storage = nil
    return OpenCLCommands(device: device, storage: finished)
  }

  private func recording() throws(TesseraError) -> CommandStorage {
    guard let storage else {
      throw .invalidArgument("encoder", got: "a finished one", allowed: "one that records")
    }
    return storage
  }

  private func append(
    _ buffer: any HALBuffer, _ offset: Int, _ byteCount: Int, to storage: CommandStorage
  ) throws(TesseraError) {
    guard let buffer = buffer as? OpenCLBuffer, buffer.device === device else { throw foreign() }
    storage.ranges.append(BoundRange(buffer: buffer, offset: offset, byteCount: byteCount))
  }

  private func foreign() -> TesseraError {
    .invalidArgument(
      "object of a command", got: "one of another device", allowed: "one of \(device.identity)")
  }

  private func checkSubBuffer(
    _ binding: Binding, of signature: KernelSignature
  ) throws(TesseraError) {
    guard !binding.offset.isMultiple(of: device.subBufferAlignment) else { return }
    throw .invalidArgument(
      "offset of a buffer bound to kernel \(signature.name)", got: binding.offset,
      allowed: "multiples of \(device.subBufferAlignment) (\(device.identity.name))")
  }

  /// Work-items along each axis.
  private static func global(
    _ groups: GridSize, _ kernel: OpenCLKernel
  ) throws(TesseraError) -> (x: Int, y: Int, z: Int) {
    let x = groups.x.multipliedReportingOverflow(by: kernel.local.x)
    let y = groups.y.multipliedReportingOverflow(by: kernel.local.y)
    let z = groups.z.multipliedReportingOverflow(by: kernel.local.z)
    if x.overflow || y.overflow || z.overflow {
      throw .overLimit(
        "work-items of kernel \(kernel.signature.name)",
        requested: "\(groups.x) x \(groups.y) x \(groups.z) groups", limit: Int.max)
    }
    return (x.partialValue, y.partialValue, z.partialValue)
  }
}
