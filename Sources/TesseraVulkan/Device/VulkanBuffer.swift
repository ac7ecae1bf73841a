import CVulkan
package import TesseraCore
package import TesseraHAL

/// A buffer with memory of its own. The pool above reuses buffers, so there is no sub-allocation.
///
/// `@unchecked Sendable`: immutable; access to the mapped bytes is the caller's to order.
package final class VulkanBuffer: HALBuffer, @unchecked Sendable {
  package let byteCount: Int
  package let kind: MemoryKind
  let handle: VkBuffer
  private let context: VulkanContext
  private let memory: VkDeviceMemory
  /// Bytes taken from the device.
  private let reservedBytes: Int
  private let coherent: Bool
  /// Address of the whole buffer, mapped for its lifetime; nil if the host cannot address it.
  private let mapped: UnsafeMutableRawPointer?

  /// - Throws: `overLimit` over the largest allocation or the driver's number of allocations,
  ///   `outOfMemory`.
  init(_ context: VulkanContext, byteCount: Int, kind: MemoryKind) throws(TesseraError) {
    try context.checkAlive()
    guard byteCount > 0 else {
      throw .invalidArgument("byteCount", got: byteCount, allowed: "1 or more")
    }
    let limit = context.adapter.capabilities.maxAllocation
    guard byteCount <= limit else {
      throw .overLimit(
        "buffer bytes", requested: byteCount, limit: limit, device: context.name)
    }
    let handle = try context.makeBuffer(byteCount: byteCount)
    do {
      let region = try context.reserve(handle, kind: kind, requested: byteCount)
      memory = region.memory
      reservedBytes = region.byteCount
      coherent = region.coherent
      mapped = region.mapped
    } catch {
      context.vk.vkDestroyBuffer(context.handle, handle, nil)
      throw error
    }
    self.handle = handle
    self.context = context
    self.byteCount = byteCount
    self.kind = kind
  }

  deinit {
    context.vk.vkDestroyBuffer(context.handle, handle, nil)
    context.release(memory, byteCount: reservedBytes)
  }

  package var isHostVisible: Bool { mapped != nil }

  package func withHostBytes(
    offset: Int, byteCount: Int, writing: Bool,
    _ body: (UnsafeMutableRawBufferPointer) throws(TesseraError) -> Void
  ) throws(TesseraError) {
    guard let mapped else {
      throw .unsupported("host access to device memory", device: context.name)
    }
    guard offset >= 0, byteCount >= 0, offset <= self.byteCount - byteCount else {
      throw .invalidArgument(
        "host range", got: "\(offset) + \(byteCount)", allowed: "within \(self.byteCount) bytes")
    }
    if !coherent {
      var range = mappedRange
      try context.check(
        "vkInvalidateMappedMemoryRanges",
        context.vk.vkInvalidateMappedMemoryRanges(context.handle, 1, &range))
    }
    try body(UnsafeMutableRawBufferPointer(start: mapped + offset, count: byteCount))
    if !coherent && writing {
      var range = mappedRange
      try context.check(
        "vkFlushMappedMemoryRanges",
        context.vk.vkFlushMappedMemoryRanges(context.handle, 1, &range))
    }
  }

  /// The whole allocation: always a legal range, whatever the atom size.
  private var mappedRange: VkMappedMemoryRange {
    .make {
      $0.memory = memory
      $0.size = VK_WHOLE_SIZE
    }
  }
}
