import CVulkan
import Synchronization

/// Function-table entries that fail, for `VulkanDriver.open(_:editing:)`.
///
/// C functions carry no state, so what each needs is kept here; the suite that uses them is
/// serialized.
enum Fault {
  /// Calls until the failing one; negative once it has passed.
  static let countdown = Atomic<Int>(0)
  nonisolated(unsafe) private static var allocateMemory: PFN_vkAllocateMemory?
  nonisolated(unsafe) private static var submit: PFN_vkQueueSubmit2?

  /// Makes the `nth` allocation (from 1) report that the device has no memory left.
  static func allocation(_ table: inout VulkanDeviceFunctions, nth: Int) {
    countdown.store(nth, ordering: .sequentiallyConsistent)
    allocateMemory = table.vkAllocateMemory
    table.vkAllocateMemory = { device, info, allocator, memory in
      guard Fault.isDue else {
        return Fault.allocateMemory?(device, info, allocator, memory)
          ?? VK_ERROR_INITIALIZATION_FAILED
      }
      return VK_ERROR_OUT_OF_DEVICE_MEMORY
    }
  }

  /// Makes the `nth` submission (from 1) report that the host has no memory left.
  static func submission(_ table: inout VulkanDeviceFunctions, nth: Int) {
    countdown.store(nth, ordering: .sequentiallyConsistent)
    submit = table.vkQueueSubmit2
    table.vkQueueSubmit2 = { queue, count, infos, fence in
      guard Fault.isDue else {
        return Fault.submit?(queue, count, infos, fence) ?? VK_ERROR_INITIALIZATION_FAILED
      }
      return VK_ERROR_OUT_OF_HOST_MEMORY
    }
  }

  private static var isDue: Bool {
    countdown.subtract(1, ordering: .sequentiallyConsistent).newValue == 0
  }
}
