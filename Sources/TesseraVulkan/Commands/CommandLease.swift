import CVulkan
import TesseraCore

/// A command pool with its one command buffer and everything recording needs, reused as a whole.
final class CommandResources {
  let pool: VkCommandPool
  let buffer: VkCommandBuffer
  /// Timestamp pools of `queriesPerPool` queries each, grown on demand.
  var queryPools: [VkQueryPool] = []
  /// One descriptor per slot and the writes that point at them, in C memory for
  /// `vkCmdPushDescriptorSetKHR`.
  let descriptors: UnsafeMutablePointer<VkDescriptorBufferInfo>
  let writes: UnsafeMutablePointer<VkWriteDescriptorSet>
  /// Buffers and kernels that the recorded commands use.
  var retained: [AnyObject] = []
  var timings: [TimingSlot] = []

  static let queriesPerPool = 256

  /// What has been recorded of one timing slot.
  struct TimingSlot {
    /// Commands recorded before the span and before its end; equal if nothing is inside.
    var commandsBefore = 0
    var commandsAtEnd: Int?
    var isUsed: Bool { (commandsAtEnd ?? 0) > commandsBefore }
  }

  init(pool: VkCommandPool, buffer: VkCommandBuffer, slots: Int) {
    self.pool = pool
    self.buffer = buffer
    descriptors = .allocate(capacity: max(1, slots))
    descriptors.initialize(repeating: VkDescriptorBufferInfo(), count: slots)
    writes = .allocate(capacity: max(1, slots))
    for slot in 0..<slots {
      (writes + slot).initialize(
        to: .make {
          $0.dstBinding = UInt32(slot)
          $0.descriptorCount = 1
          $0.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER
          $0.pBufferInfo = UnsafePointer(descriptors + slot)
        })
    }
  }

  deinit {
    descriptors.deallocate()
    writes.deallocate()
  }
}

/// Holds command resources while an encoder, its commands or the device needs them, and hands them
/// back when the last of these lets go; so they are never reused in flight.
///
/// `@unchecked Sendable`: written by the one encoder, immutable afterwards.
final class CommandLease: @unchecked Sendable {
  let context: VulkanContext
  let resources: CommandResources

  init(_ context: VulkanContext) throws(TesseraError) {
    resources = try context.commandResources()
    self.context = context
  }

  deinit { context.recycle(resources) }
}

extension VulkanContext {
  /// Most command resources kept for reuse.
  private static let idleLimit = 16

  /// Idle resources, or new ones.
  func commandResources() throws(TesseraError) -> CommandResources {
    reap()
    if let resources = lock.withLock({ idle.popLast() }) {
      do {
        try check("vkResetCommandPool", vk.vkResetCommandPool(handle, resources.pool, 0))
      } catch {
        destroy(resources)
        throw error
      }
      return resources
    }
    var poolInfo = VkCommandPoolCreateInfo.make()
    poolInfo.queueFamilyIndex = adapter.queueFamily
    var created: VkCommandPool?
    var result = vk.vkCreateCommandPool(handle, &poolInfo, nil, &created)
    guard result == VK_SUCCESS, let pool = created else {
      throw error("vkCreateCommandPool", result)
    }
    var bufferInfo = VkCommandBufferAllocateInfo.make()
    bufferInfo.commandPool = pool
    bufferInfo.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY
    bufferInfo.commandBufferCount = 1
    var buffer: VkCommandBuffer?
    result = vk.vkAllocateCommandBuffers(handle, &bufferInfo, &buffer)
    guard result == VK_SUCCESS, let buffer else {
      vk.vkDestroyCommandPool(handle, pool, nil)
      throw error("vkAllocateCommandBuffers", result)
    }
    return CommandResources(pool: pool, buffer: buffer, slots: adapter.maxPushDescriptors)
  }

  func recycle(_ resources: CommandResources) {
    resources.retained.removeAll(keepingCapacity: true)
    resources.timings.removeAll(keepingCapacity: true)
    let kept = lock.withLock {
      guard idle.count < Self.idleLimit else { return false }
      idle.append(resources)
      return true
    }
    if !kept { destroy(resources) }
  }

  func discardIdle() {
    let discarded = lock.withLock {
      let all = idle
      idle = []
      return all
    }
    for resources in discarded { destroy(resources) }
  }

  func destroy(_ resources: CommandResources) {
    for queries in resources.queryPools { vk.vkDestroyQueryPool(handle, queries, nil) }
    vk.vkDestroyCommandPool(handle, resources.pool, nil)
  }
}
