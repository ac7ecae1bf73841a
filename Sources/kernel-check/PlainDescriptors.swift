import CVulkan
import Tessera
import TesseraCore
import TesseraHAL
import TesseraRuntime
import TesseraVulkan

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Opens a Vulkan device whose pushed descriptors become ordinary descriptor sets, and whose
/// submissions use the older call.
///
/// The instrumentation of the validation layer knows ordinary sets only: it takes what is pushed for
/// uninitialised, and loses count of timelines signalled by `vkQueueSubmit2`. Kernels and commands stay
/// as they are. C functions carry no state, so what these need is kept here, for one device.
enum PlainDescriptors {
  private struct State {
    var setLayouts: [UInt: VkDescriptorSetLayout] = [:]
    var pools: [VkDescriptorPool] = []
    var device: VkDevice?
  }
  private final class Functions: @unchecked Sendable {
    // Unchecked: written once, before the device is used.
    var table = VulkanDeviceFunctions()
    var createPool: PFN_vkCreateDescriptorPool?
    var destroyPool: PFN_vkDestroyDescriptorPool?
    var allocateSets: PFN_vkAllocateDescriptorSets?
    var updateSets: PFN_vkUpdateDescriptorSets?
    var bindSets: PFN_vkCmdBindDescriptorSets?
    var submit: PFN_vkQueueSubmit?
  }
  private static let functions = Functions()
  nonisolated(unsafe) private static var state = State()

  static func open(_ index: Int) throws -> any HALDevice {
    guard let library = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL) else {
      throw TesseraError.unavailable("no Vulkan loader")
    }
    func load<F>(_ name: String, as type: F.Type) -> F? {
      dlsym(library, name).map { unsafeBitCast($0, to: type) }
    }
    functions.createPool = load("vkCreateDescriptorPool", as: PFN_vkCreateDescriptorPool.self)
    functions.destroyPool = load("vkDestroyDescriptorPool", as: PFN_vkDestroyDescriptorPool.self)
    functions.allocateSets = load("vkAllocateDescriptorSets", as: PFN_vkAllocateDescriptorSets.self)
    functions.updateSets = load("vkUpdateDescriptorSets", as: PFN_vkUpdateDescriptorSets.self)
    functions.bindSets = load("vkCmdBindDescriptorSets", as: PFN_vkCmdBindDescriptorSets.self)
    functions.submit = load("vkQueueSubmit", as: PFN_vkQueueSubmit.self)
    return try Backends.vulkan.open(index) { table in
      functions.table = table
      table.vkCreateDescriptorSetLayout = { device, info, allocator, layout in
        PlainDescriptors.createSetLayout(device, info, allocator, layout)
      }
      table.vkCreatePipelineLayout = { device, info, allocator, layout in
        PlainDescriptors.createPipelineLayout(device, info, allocator, layout)
      }
      table.vkCmdPushDescriptorSetKHR = { commands, point, layout, _, count, writes in
        PlainDescriptors.push(commands, point, layout, count, writes)
      }
      table.vkQueueSubmit2 = { queue, count, infos, fence in
        PlainDescriptors.submit(queue, count, infos, fence)
      }
      table.vkDestroyDevice = { device, allocator in
        for pool in PlainDescriptors.state.pools {
          PlainDescriptors.functions.destroyPool?(device, pool, nil)
        }
        PlainDescriptors.state = State()
        PlainDescriptors.functions.table.vkDestroyDevice?(device, allocator)
      }
    }
  }

  private static func createSetLayout(
    _ device: VkDevice?, _ info: UnsafePointer<VkDescriptorSetLayoutCreateInfo>?,
    _ allocator: UnsafePointer<VkAllocationCallbacks>?,
    _ layout: UnsafeMutablePointer<VkDescriptorSetLayout?>?
  ) -> VkResult {
    guard var plain = info?.pointee else { return VK_ERROR_INITIALIZATION_FAILED }
    plain.flags = 0
    state.device = device
    return functions.table.vkCreateDescriptorSetLayout?(device, &plain, allocator, layout)
      ?? VK_ERROR_INITIALIZATION_FAILED
  }

  private static func createPipelineLayout(
    _ device: VkDevice?, _ info: UnsafePointer<VkPipelineLayoutCreateInfo>?,
    _ allocator: UnsafePointer<VkAllocationCallbacks>?,
    _ layout: UnsafeMutablePointer<VkPipelineLayout?>?
  ) -> VkResult {
    let result = functions.table.vkCreatePipelineLayout?(device, info, allocator, layout)
    if let created = layout?.pointee, let set = info?.pointee.pSetLayouts?[0] {
      state.setLayouts[UInt(bitPattern: created)] = set
    }
    return result ?? VK_ERROR_INITIALIZATION_FAILED
  }

  /// Writes a fresh set and binds it: sets of commands in flight stay as they are.
  private static func push(
    _ commands: VkCommandBuffer?, _ point: VkPipelineBindPoint, _ layout: VkPipelineLayout?,
    _ count: UInt32, _ writes: UnsafePointer<VkWriteDescriptorSet>?
  ) {
    guard let writes, let layout, let setLayout = state.setLayouts[UInt(bitPattern: layout)],
      let set = makeSet(setLayout)
    else { return }
    let own = (0..<Int(count)).map { index in
      var write = writes[index]
      write.dstSet = set
      return write
    }
    own.withUnsafeBufferPointer {
      functions.updateSets?(state.device, count, $0.baseAddress, 0, nil)
    }
    withUnsafePointer(to: set as VkDescriptorSet?) {
      functions.bindSets?(commands, point, layout, 0, 1, $0, 0, nil)
    }
  }

  private static func makeSet(_ layout: VkDescriptorSetLayout) -> VkDescriptorSet? {
    if let pool = state.pools.last, let set = makeSet(layout, pool) { return set }
    var size = VkDescriptorPoolSize(type: VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, descriptorCount: 8192)
    var pool: VkDescriptorPool?
    withUnsafePointer(to: &size) { size in
      var info = VkDescriptorPoolCreateInfo()
      info.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO
      info.maxSets = 512
      info.poolSizeCount = 1
      info.pPoolSizes = size
      _ = functions.createPool?(state.device, &info, nil, &pool)
    }
    guard let pool else { return nil }
    state.pools.append(pool)
    return makeSet(layout, pool)
  }

  private static func makeSet(
    _ layout: VkDescriptorSetLayout, _ pool: VkDescriptorPool
  ) -> VkDescriptorSet? {
    var set: VkDescriptorSet?
    withUnsafePointer(to: layout as VkDescriptorSetLayout?) { layout in
      var info = VkDescriptorSetAllocateInfo()
      info.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO
      info.descriptorPool = pool
      info.descriptorSetCount = 1
      info.pSetLayouts = layout
      _ = functions.allocateSets?(state.device, &info, &set)
    }
    return set
  }

  /// One batch at a time, which is all that the back-end submits.
  private static func submit(
    _ queue: VkQueue?, _ count: UInt32, _ infos: UnsafePointer<VkSubmitInfo2>?, _ fence: VkFence?
  ) -> VkResult {
    guard count == 1, let given = infos?.pointee else { return VK_ERROR_INITIALIZATION_FAILED }
    let waits = UnsafeBufferPointer(
      start: given.pWaitSemaphoreInfos, count: Int(given.waitSemaphoreInfoCount))
    let signals = UnsafeBufferPointer(
      start: given.pSignalSemaphoreInfos, count: Int(given.signalSemaphoreInfoCount))
    let buffers = UnsafeBufferPointer(
      start: given.pCommandBufferInfos, count: Int(given.commandBufferInfoCount)
    ).map { $0.commandBuffer as VkCommandBuffer? }
    let stages = waits.map { _ in VkPipelineStageFlags(VK_PIPELINE_STAGE_ALL_COMMANDS_BIT.rawValue) }
    return waits.map { $0.semaphore as VkSemaphore? }.withUnsafeBufferPointer { waitFor in
      signals.map { $0.semaphore as VkSemaphore? }.withUnsafeBufferPointer { raised in
        waits.map(\.value).withUnsafeBufferPointer { waitValues in
          signals.map(\.value).withUnsafeBufferPointer { values in
            buffers.withUnsafeBufferPointer { buffers in
              stages.withUnsafeBufferPointer { stages in
                var timeline = VkTimelineSemaphoreSubmitInfo()
                timeline.sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO
                timeline.waitSemaphoreValueCount = UInt32(waitValues.count)
                timeline.pWaitSemaphoreValues = waitValues.baseAddress
                timeline.signalSemaphoreValueCount = UInt32(values.count)
                timeline.pSignalSemaphoreValues = values.baseAddress
                return withUnsafePointer(to: &timeline) { timeline in
                  var info = VkSubmitInfo()
                  info.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO
                  info.pNext = UnsafeRawPointer(timeline)
                  info.waitSemaphoreCount = UInt32(waitFor.count)
                  info.pWaitSemaphores = waitFor.baseAddress
                  info.pWaitDstStageMask = stages.baseAddress
                  info.commandBufferCount = UInt32(buffers.count)
                  info.pCommandBuffers = buffers.baseAddress
                  info.signalSemaphoreCount = UInt32(raised.count)
                  info.pSignalSemaphores = raised.baseAddress
                  return functions.submit?(queue, 1, &info, fence) ?? VK_ERROR_INITIALIZATION_FAILED
                }
              }
            }
          }
        }
      }
    }
  }
}
