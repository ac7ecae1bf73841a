import TesseraCore
import TesseraHAL

/// Checks a command against signature and device before anything is recorded.
enum DispatchValidator {
  static func check(
    _ signature: KernelSignature, groups: GridSize, constantBytes: Int,
    ranges: UnsafeBufferPointer<BufferRange>, capabilities: Capabilities, context: DeviceContext
  ) throws(TesseraError) {
    guard ranges.count == signature.slots.count else {
      throw .invalidArgument(
        "\(signature.name): buffers", got: ranges.count, allowed: "exactly \(signature.slots.count)")
    }
    guard constantBytes == signature.constantBytes else {
      throw .invalidArgument(
        "\(signature.name): constants", got: "\(constantBytes) bytes",
        allowed: "exactly \(signature.constantBytes)")
    }
    for index in ranges.indices {
      let (range, slot) = (ranges[index], signature.slots[index])
      try check(range: range, name: slot.name, kernel: signature.name, context: context)
      let alignment = max(slot.alignment, capabilities.bindingAlignment)
      guard range.offset % alignment == 0 else {
        throw .invalidArgument(
          "\(signature.name): offset of \(slot.name)", got: range.offset,
          allowed: "multiples of \(alignment) on \(capabilities.name)")
      }
      guard range.byteCount <= capabilities.maxBindingRange else {
        throw .overLimit(
          "\(signature.name): bytes bound to \(slot.name)", requested: range.byteCount,
          limit: capabilities.maxBindingRange, device: capabilities.name)
      }
      guard range.byteCount > 0 else {
        throw .invalidArgument(
          "\(signature.name): bytes bound to \(slot.name)", got: 0, allowed: "at least 1")
      }
      if slot.access.writes { try checkAlias(ranges, writer: index, signature) }
    }
    try check(groups.x, 0, "x", signature, capabilities)
    try check(groups.y, 1, "y", signature, capabilities)
    try check(groups.z, 2, "z", signature, capabilities)
  }

  private static func check(
    _ count: Int, _ axis: Int, _ name: StaticString, _ signature: KernelSignature,
    _ capabilities: Capabilities
  ) throws(TesseraError) {
    guard count >= 0 else {
      throw .invalidArgument(
        "\(signature.name): groups along \(name)", got: count, allowed: "0 or more")
    }
    guard count <= capabilities.maxGroupCount[axis] else {
      throw .overLimit(
        "\(signature.name): groups along \(name)", requested: count,
        limit: capabilities.maxGroupCount[axis], device: capabilities.name)
    }
  }

  static func check(
    range: BufferRange, name: String, kernel: String? = nil, context: DeviceContext
  ) throws(TesseraError) {
    // Words are put together only for an error: this runs for every binding of every dispatch.
    func place() -> String { kernel.map { "\($0): \(name)" } ?? name }
    guard range.allocation.context === context else {
      throw .invalidArgument(
        place(), got: "memory of \(range.allocation.context.name)", allowed: "memory of \(context.name)")
    }
    guard range.offset >= 0, range.byteCount >= 0,
      range.offset <= range.allocation.capacity,
      range.byteCount <= range.allocation.capacity - range.offset
    else {
      throw .invalidArgument(
        place(), got: "\(range.byteCount) bytes at offset \(range.offset)",
        allowed: "a range inside the \(range.allocation.byteCount) bytes of the buffer")
    }
    try range.allocation.checkNotPoisoned()
  }

  /// A written range may not overlap another slot's: the order of accesses would be undefined.
  private static func checkAlias(
    _ ranges: UnsafeBufferPointer<BufferRange>, writer: Int, _ signature: KernelSignature
  ) throws(TesseraError) {
    let written = ranges[writer]
    for index in ranges.indices where index != writer {
      let other = ranges[index]
      guard other.allocation.block.buffer === written.allocation.block.buffer,
        other.offset < written.offset + written.byteCount,
        written.offset < other.offset + other.byteCount
      else { continue }
      throw .invalidArgument(
        "\(signature.name): \(signature.slots[writer].name)",
        got: "memory that overlaps \(signature.slots[index].name)",
        allowed: "memory of its own, as it is written")
    }
  }

  /// Checks a signature against the device's limits, before a kernel is built.
  static func check(_ signature: KernelSignature, capabilities: Capabilities) throws(TesseraError) {
    let name = signature.name
    guard signature.workgroup.count == 3, signature.workgroup.allSatisfy({ $0 >= 1 }) else {
      throw .invalidArgument(
        "\(name): workgroup", got: "\(signature.workgroup)", allowed: "three extents of at least 1")
    }
    var invocations = 1
    for (axis, extent) in signature.workgroup.enumerated() {
      guard extent <= capabilities.maxWorkgroupSize[axis] else {
        throw .overLimit(
          "\(name): workgroup extent \(axis)", requested: extent,
          limit: capabilities.maxWorkgroupSize[axis], device: capabilities.name)
      }
      invocations = invocations.multipliedReportingOverflow(by: extent).partialValue
    }
    guard invocations <= capabilities.maxWorkgroupInvocations else {
      throw .overLimit(
        "\(name): workgroup invocations", requested: invocations,
        limit: capabilities.maxWorkgroupInvocations, device: capabilities.name)
    }
    guard signature.localBytes <= capabilities.localMemoryBytes else {
      throw .overLimit(
        "\(name): local memory bytes", requested: signature.localBytes,
        limit: capabilities.localMemoryBytes, device: capabilities.name)
    }
    guard signature.constantBytes <= capabilities.maxConstantBytes else {
      throw .overLimit(
        "\(name): constant bytes", requested: signature.constantBytes,
        limit: capabilities.maxConstantBytes, device: capabilities.name)
    }
  }
}
