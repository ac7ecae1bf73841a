import CVulkan
import TesseraCore
import TesseraHAL

/// The logical device with everything that buffers, kernels, encoders and timelines share.
///
/// Those hold the context, `VulkanDevice` is its face towards the runtime; so work in flight, which
/// the context keeps alive, can be waited for when the face goes. `@unchecked Sendable`: `var`s are
/// touched only under `lock`, the queue and `inFlight` only under `queueLock`. Lock order:
/// `queueLock`, then `lock`. Nothing is released under a lock, since a `deinit` may take it.
final class VulkanContext: @unchecked Sendable {
  let adapter: VulkanAdapter
  let bounds: BoundsMode
  let vk: VulkanDeviceFunctions
  let handle: VkDevice
  let queue: VkQueue
  /// Raised by every submission, in order: tells which commands have left the device.
  let progress: VkSemaphore
  let barriers: Barriers

  let lock = Lock()
  private var failure: TesseraError?
  var allocatedBytes = 0
  var allocationCount = 0
  var layouts: [PipelineLayout.Key: PipelineLayout] = [:]
  var idle: [CommandResources] = []

  let queueLock = Lock()
  var inFlight: [Submission] = []
  var lastSerial: UInt64 = 0

  /// One submission that has not been seen to complete, and what it uses.
  struct Submission {
    var serial: UInt64
    var lease: CommandLease
    var timelines: [any HALTimeline]
  }

  init(
    _ adapter: VulkanAdapter, bounds: BoundsMode,
    editing edit: (inout VulkanDeviceFunctions) -> Void
  ) throws(TesseraError) {
    self.adapter = adapter
    self.bounds = bounds
    let handle = try Self.createDevice(adapter, bounds)
    var table = loadVulkanDeviceFunctions(adapter.functions.vkGetDeviceProcAddr, handle)
    edit(&table)
    var queue: VkQueue?
    table.vkGetDeviceQueue(handle, adapter.queueFamily, 0, &queue)
    var progress: VkSemaphore?
    let result = Self.createTimeline(table, handle, &progress)
    guard result == VK_SUCCESS, let queue, let progress else {
      table.vkDestroyDevice(handle, nil)
      throw VulkanResult.error("vkCreateSemaphore", result)
    }
    vk = table
    self.handle = handle
    self.queue = queue
    self.progress = progress
    barriers = Barriers()
  }

  deinit {
    // Work in flight holds the context, so there is none: the device only has to notice it.
    _ = vk.vkDeviceWaitIdle(handle)
    for resources in idle { destroy(resources) }
    for layout in layouts.values { destroy(layout) }
    vk.vkDestroySemaphore(handle, progress, nil)
    vk.vkDestroyDevice(handle, nil)
  }

  private static func createDevice(
    _ adapter: VulkanAdapter, _ bounds: BoundsMode
  ) throws(TesseraError) -> VkDevice {
    var arena = Arena()
    let found = FeatureChain(extensions: Set(adapter.extensions))
    adapter.functions.vkGetPhysicalDeviceFeatures2(adapter.handle, found.head)
    let enabled = FeatureChain(extensions: Set(adapter.extensions))
    enabled.enable(from: found)
    if bounds == .enforce { enabled.enableRobustness(from: found) }

    let priority = arena.new(Float(1))
    let queue = arena.new(
      VkDeviceQueueCreateInfo.make {
        $0.queueFamilyIndex = adapter.queueFamily
        $0.queueCount = 1
        $0.pQueuePriorities = UnsafePointer(priority)
      })
    var info = VkDeviceCreateInfo.make()
    info.pNext = UnsafeRawPointer(enabled.head)
    info.queueCreateInfoCount = 1
    info.pQueueCreateInfos = UnsafePointer(queue)
    info.enabledExtensionCount = UInt32(adapter.extensions.count)
    info.ppEnabledExtensionNames = arena.strings(adapter.extensions)
    var handle: VkDevice?
    let result = adapter.functions.vkCreateDevice(adapter.handle, &info, nil, &handle)
    guard result == VK_SUCCESS, let handle else {
      throw VulkanResult.error("vkCreateDevice", result)
    }
    return handle
  }

  /// Creates a timeline semaphore at 0.
  static func createTimeline(
    _ vk: VulkanDeviceFunctions, _ handle: VkDevice, _ semaphore: inout VkSemaphore?
  ) -> VkResult {
    var arena = Arena()
    let type = arena.new(
      VkSemaphoreTypeCreateInfo.make {
        $0.semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE
        $0.initialValue = 0
      })
    var info = VkSemaphoreCreateInfo.make()
    info.pNext = UnsafeRawPointer(type)
    return vk.vkCreateSemaphore(handle, &info, nil, &semaphore)
  }
}

extension VulkanContext {
  var name: String { "\(adapter.capabilities.name) (\(adapter.identity))" }

  /// Throws what lost the device, if it is lost.
  func checkAlive() throws(TesseraError) {
    if let failure = lock.withLock({ failure }) { throw failure }
  }

  @inline(__always) func check(_ call: StaticString, _ result: VkResult) throws(TesseraError) {
    if result != VK_SUCCESS { throw error(call, result) }
  }

  /// The error of a failed call. A lost device is remembered.
  func error(_ call: StaticString, _ result: VkResult) -> TesseraError {
    guard result == VK_ERROR_DEVICE_LOST else { return VulkanResult.error("\(call)", result) }
    let error = TesseraError.deviceLost(name, detail: "reported by \(call)")
    return lock.withLock {
      if let failure { return failure }
      failure = error
      return error
    }
  }
}

/// The two memory barriers there are, in C memory so that recording one allocates nothing.
///
/// `@unchecked Sendable`: never written after the initialiser.
final class Barriers: @unchecked Sendable {
  /// Kernels and transfers before it → kernels and transfers after it.
  let device: UnsafeMutablePointer<VkDependencyInfo>
  /// Kernels and transfers before it → the host, once the submission has completed.
  let host: UnsafeMutablePointer<VkDependencyInfo>
  private let memory: UnsafeMutablePointer<VkMemoryBarrier2>

  init() {
    let work = VK_PIPELINE_STAGE_2_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_2_ALL_TRANSFER_BIT
    memory = .allocate(capacity: 2)
    var barrier = VkMemoryBarrier2.make()
    barrier.srcStageMask = work
    barrier.srcAccessMask = VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT
    barrier.dstStageMask = work
    barrier.dstAccessMask = VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT
    memory.initialize(to: barrier)
    barrier.dstStageMask = VK_PIPELINE_STAGE_2_HOST_BIT
    barrier.dstAccessMask = VK_ACCESS_2_HOST_READ_BIT | VK_ACCESS_2_HOST_WRITE_BIT
    (memory + 1).initialize(to: barrier)
    device = .allocate(capacity: 1)
    host = .allocate(capacity: 1)
    for (info, barrier) in [(device, memory), (host, memory + 1)] {
      info.initialize(to: .make())
      info.pointee.memoryBarrierCount = 1
      info.pointee.pMemoryBarriers = UnsafePointer(barrier)
    }
  }

  deinit {
    device.deallocate()
    host.deallocate()
    memory.deallocate()
  }
}
