import CVulkan
import TesseraCore
import TesseraHAL

/// One physical device: what was found out about it before it is opened.
///
/// `@unchecked Sendable`: immutable.
final class VulkanAdapter: @unchecked Sendable {
  /// Extensions that are enabled where the device has them.
  private static let optionalExtensions: Set<String> = [
    "VK_EXT_memory_budget", "VK_KHR_cooperative_matrix", "VK_NV_cooperative_matrix",
    "VK_NV_cooperative_matrix2", "VK_KHR_shader_bfloat16", "VK_NV_shader_sm_builtins",
    "VK_AMD_shader_core_properties", "VK_EXT_robustness2",
  ]

  let handle: VkPhysicalDevice
  let functions: VulkanInstanceFunctions
  let identity: DeviceIdentity
  let capabilities: Capabilities
  /// Extensions to enable, sorted.
  let extensions: [String]
  let properties: VkPhysicalDeviceProperties
  let memory: VkPhysicalDeviceMemoryProperties
  let queueFamily: UInt32
  /// Bits of a timestamp that count; 0 without timestamps.
  let timestampBits: UInt32
  let maxPushDescriptors: Int
  let features: Features
  /// Whether debug labels are recorded.
  let labels: Bool

  /// The features that the back-end itself depends on.
  struct Features {
    var deviceAddress = false
    var subgroupSizeControl = false
    var fullSubgroups = false
    var memoryBudget = false
  }

  /// - Throws: `unsupported` naming what the device lacks.
  init(
    _ handle: VkPhysicalDevice, functions: VulkanInstanceFunctions, index: Int, labels: Bool
  ) throws(TesseraError) {
    self.handle = handle
    self.functions = functions
    self.labels = labels
    let found = DeviceProperties(handle, functions)
    let name = text(found.core.deviceName)
    guard found.core.apiVersion >= VulkanInstance.version else {
      throw .unsupported(
        "Vulkan 1.3 (has \(VulkanInstance.describe(version: found.core.apiVersion)))", device: name)
    }
    let listed = enumerate(VkExtensionProperties()) {
      functions.vkEnumerateDeviceExtensionProperties(handle, nil, $0, $1)
    }.elements.map { text($0.extensionName) }
    guard listed.contains(VK_KHR_PUSH_DESCRIPTOR_EXTENSION_NAME) else {
      throw .unsupported(VK_KHR_PUSH_DESCRIPTOR_EXTENSION_NAME, device: name)
    }
    let enabled = Self.optionalExtensions.intersection(listed)
      .union([VK_KHR_PUSH_DESCRIPTOR_EXTENSION_NAME])
    extensions = enabled.sorted()

    let chain = FeatureChain(extensions: enabled)
    functions.vkGetPhysicalDeviceFeatures2(handle, chain.head)
    guard chain.v12.pointee.timelineSemaphore.isTrue, chain.v13.pointee.synchronization2.isTrue
    else { throw .unsupported("timeline semaphores and synchronization2", device: name) }

    let families = Self.queueFamilies(handle, functions)
    // The first compute family is the general one on every known driver; dedicated compute families
    // are for overlapping with graphics, which there is none of.
    guard let family = families.firstIndex(where: { Self.isCompute($0) && $0.queueCount > 0 })
    else { throw .unsupported("compute queues", device: name) }
    queueFamily = UInt32(family)
    timestampBits = families[family].timestampValidBits

    var memoryProperties = VkPhysicalDeviceMemoryProperties2.make()
    functions.vkGetPhysicalDeviceMemoryProperties2(handle, &memoryProperties)
    memory = memoryProperties.memoryProperties
    properties = found.core
    maxPushDescriptors = Int(found.pushDescriptors)
    features = Features(
      deviceAddress: chain.v12.pointee.bufferDeviceAddress.isTrue,
      subgroupSizeControl: chain.v13.pointee.subgroupSizeControl.isTrue
        && found.v13.requiredSubgroupSizeStages & flags(VK_SHADER_STAGE_COMPUTE_BIT) != 0,
      fullSubgroups: chain.v13.pointee.computeFullSubgroups.isTrue,
      memoryBudget: enabled.contains("VK_EXT_memory_budget"))
    identity = DeviceIdentity(backend: .vulkan, index: index, name: name)
    capabilities = Self.capabilities(
      found, chain, memory: memory, extensions: extensions, timestampBits: timestampBits,
      computeUnits: Self.computeUnits(handle, functions, enabled),
      shapes: Self.matrixShapes(handle, functions, chain))
  }

  private static func queueFamilies(
    _ handle: VkPhysicalDevice, _ functions: VulkanInstanceFunctions
  ) -> [VkQueueFamilyProperties] {
    enumerate(VkQueueFamilyProperties()) {
      functions.vkGetPhysicalDeviceQueueFamilyProperties(handle, $0, $1)
      return VK_SUCCESS
    }.elements
  }

  private static func isCompute(_ family: VkQueueFamilyProperties) -> Bool {
    family.queueFlags & flags(VK_QUEUE_COMPUTE_BIT) != 0
  }

  /// Bytes that may still be allocated of the device's own memory, if the driver says.
  func availableMemory() -> Int? {
    guard features.memoryBudget else { return nil }
    var arena = Arena()
    let budget = arena.new(VkPhysicalDeviceMemoryBudgetPropertiesEXT.make())
    let query = arena.new(VkPhysicalDeviceMemoryProperties2.make())
    Arena.link(budget, after: query)
    functions.vkGetPhysicalDeviceMemoryProperties2(handle, query)
    guard let heap = memory.largestDeviceHeap else { return nil }
    let (limits, usage) = (budget.pointee.heapBudget, budget.pointee.heapUsage)
    return withUnsafeBytes(of: limits) { limits in
      withUnsafeBytes(of: usage) { usage in
        let limit = limits.bindMemory(to: VkDeviceSize.self)[heap]
        let used = usage.bindMemory(to: VkDeviceSize.self)[heap]
        return Int(clamping: limit > used ? limit - used : 0)
      }
    }
  }
}

/// The chained property structs of a device.
struct DeviceProperties {
  var core: VkPhysicalDeviceProperties
  var v11: VkPhysicalDeviceVulkan11Properties
  var v12: VkPhysicalDeviceVulkan12Properties
  var v13: VkPhysicalDeviceVulkan13Properties
  var pushDescriptors: UInt32

  init(_ handle: VkPhysicalDevice, _ functions: VulkanInstanceFunctions) {
    var arena = Arena()
    let head = arena.new(VkPhysicalDeviceProperties2.make())
    let first = arena.new(VkPhysicalDeviceVulkan11Properties.make())
    let second = arena.new(VkPhysicalDeviceVulkan12Properties.make())
    let third = arena.new(VkPhysicalDeviceVulkan13Properties.make())
    let push = arena.new(VkPhysicalDevicePushDescriptorPropertiesKHR.make())
    // A 1.0 or 1.1 device ignores structs of later versions, which then stay zero.
    Arena.link(first, after: head)
    Arena.link(second, after: head)
    Arena.link(third, after: head)
    Arena.link(push, after: head)
    functions.vkGetPhysicalDeviceProperties2(handle, head)
    core = head.pointee.properties
    v11 = first.pointee
    v12 = second.pointee
    v13 = third.pointee
    pushDescriptors = push.pointee.maxPushDescriptors
  }
}
