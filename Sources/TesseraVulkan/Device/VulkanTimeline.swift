import CVulkan
package import TesseraCore
import TesseraHAL

/// A timeline semaphore. `@unchecked Sendable`: immutable; the driver synchronises the semaphore.
package final class VulkanTimeline: HALTimeline, @unchecked Sendable {
  let semaphore: VkSemaphore
  private let context: VulkanContext

  init(_ context: VulkanContext) throws(TesseraError) {
    try context.checkAlive()
    var created: VkSemaphore?
    let result = VulkanContext.createTimeline(context.vk, context.handle, &created)
    guard result == VK_SUCCESS, let created else {
      throw context.error("vkCreateSemaphore", result)
    }
    semaphore = created
    self.context = context
  }

  deinit { context.vk.vkDestroySemaphore(context.handle, semaphore, nil) }

  package func completedValue() throws(TesseraError) -> UInt64 {
    try context.checkAlive()
    var value: UInt64 = 0
    try context.check(
      "vkGetSemaphoreCounterValue",
      context.vk.vkGetSemaphoreCounterValue(context.handle, semaphore, &value))
    context.reap()
    return value
  }

  package func wait(for value: UInt64, seconds: Double?) throws(TesseraError) -> Bool {
    try context.checkAlive()
    var nanoseconds = UInt64.max
    // Also false for NaN, which then waits no time.
    if let seconds { nanoseconds = seconds > 0 ? UInt64(min(seconds * 1e9, 9e18)) : 0 }
    let result = context.waitFor(semaphore, value, nanoseconds: nanoseconds)
    if result == VK_TIMEOUT { return false }
    try context.check("vkWaitSemaphores", result)
    context.reap()
    return true
  }
}
