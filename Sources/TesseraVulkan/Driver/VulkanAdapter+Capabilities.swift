import CVulkan
import TesseraHAL

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

extension VulkanAdapter {
  /// The snapshot that planning works on.
  static func capabilities(
    _ found: DeviceProperties, _ chain: borrowing FeatureChain,
    memory: VkPhysicalDeviceMemoryProperties, extensions: [String], timestampBits: UInt32,
    computeUnits: Int?, shapes: [Capabilities.MatrixShape]
  ) -> Capabilities {
    let core = found.core
    let limits = core.limits
    var result = Capabilities(
      backend: .vulkan, kind: kind(core.deviceType), name: text(core.deviceName))
    result.vendor = vendor(core.vendorID)
    result.driver = text(found.v12.driverName)
    result.driverVersion = text(found.v12.driverInfo)
    result.apiVersion = VulkanInstance.describe(version: core.apiVersion)

    result.memoryBytes = memory.largestDeviceHeap.map { Int(clamping: memory.heap($0).size) } ?? 0
    result.maxAllocation = Int(
      clamping: min(found.v11.maxMemoryAllocationSize, found.v13.maxBufferSize))
    result.maxBindingRange = Int(limits.maxStorageBufferRange)
    result.bindingAlignment = max(4, Int(clamping: limits.minStorageBufferOffsetAlignment))
    result.unifiedMemory =
      result.kind == .gpu
      ? core.deviceType == VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU && memory.hasUnifiedType
      : memory.hasUnifiedType

    result.localMemoryBytes = Int(limits.maxComputeSharedMemorySize)
    result.maxWorkgroupInvocations = Int(limits.maxComputeWorkGroupInvocations)
    result.maxWorkgroupSize = integers(limits.maxComputeWorkGroupSize)
    result.maxGroupCount = integers(limits.maxComputeWorkGroupCount)
    result.maxConstantBytes = Int(limits.maxPushConstantsSize)
    result.minSubgroupSize = max(1, Int(found.v13.minSubgroupSize))
    result.maxSubgroupSize = max(1, Int(found.v13.maxSubgroupSize))
    result.computeUnits =
      computeUnits
      ?? (result.kind == .software ? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) : 1)

    result.f16Storage = chain.v11.pointee.storageBuffer16BitAccess.isTrue
    result.f16Arithmetic = chain.v12.pointee.shaderFloat16.isTrue
    result.f64 = chain.head.pointee.features.shaderFloat64.isTrue
    result.int64 = chain.head.pointee.features.shaderInt64.isTrue
    result.int8Dot = chain.v13.pointee.shaderIntegerDotProduct.isTrue
    result.timestamps = timestampBits > 0
    result.matrixShapes = shapes
    result.extensions = extensions
    // A software driver runs one invocation per vector lane; GPUs want scalar code.
    result.vectorWidth = 1
    return result
  }

  /// Multiprocessors, where a vendor's extension tells.
  static func computeUnits(
    _ handle: VkPhysicalDevice, _ functions: VulkanInstanceFunctions, _ extensions: Set<String>
  ) -> Int? {
    var arena = Arena()
    let head = arena.new(VkPhysicalDeviceProperties2.make())
    if extensions.contains("VK_NV_shader_sm_builtins") {
      let units = arena.new(VkPhysicalDeviceShaderSMBuiltinsPropertiesNV.make())
      Arena.link(units, after: head)
      functions.vkGetPhysicalDeviceProperties2(handle, head)
      return Int(units.pointee.shaderSMCount)
    }
    if extensions.contains("VK_AMD_shader_core_properties") {
      let units = arena.new(VkPhysicalDeviceShaderCorePropertiesAMD.make())
      Arena.link(units, after: head)
      functions.vkGetPhysicalDeviceProperties2(handle, head)
      let found = units.pointee
      return Int(found.shaderEngineCount) * Int(found.shaderArraysPerEngineCount)
        * Int(found.computeUnitsPerShaderArray)
    }
    return nil
  }

  private static func kind(_ type: VkPhysicalDeviceType) -> Capabilities.Kind {
    switch type {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU, VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU,
      VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
      .gpu
    case VK_PHYSICAL_DEVICE_TYPE_CPU: .software
    default: .accelerator
    }
  }

  private static func vendor(_ id: UInt32) -> String {
    switch id {
    case 0x10DE: "NVIDIA"
    case 0x1002: "AMD"
    case 0x8086: "Intel"
    case 0x13B5: "Arm"
    case 0x5143: "Qualcomm"
    case 0x106B: "Apple"
    case 0x10005: "Mesa"
    default: "vendor 0x" + String(id, radix: 16)
    }
  }

  private static func integers(_ tuple: (UInt32, UInt32, UInt32)) -> [Int] {
    [Int(tuple.0), Int(tuple.1), Int(tuple.2)]
  }

  /// Cooperative-matrix shapes of subgroup scope whose accumulator and result have one type.
  static func matrixShapes(
    _ handle: VkPhysicalDevice, _ functions: VulkanInstanceFunctions,
    _ chain: borrowing FeatureChain
  ) -> [Capabilities.MatrixShape] {
    guard let matrix = chain.matrix, matrix.pointee.cooperativeMatrix.isTrue,
      let query = functions.vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR
    else { return [] }
    var result: [Capabilities.MatrixShape] = []
    for found in enumerate(VkCooperativeMatrixPropertiesKHR.make(), { query(handle, $0, $1) })
      .elements
    {
      guard found.scope == VK_SCOPE_SUBGROUP_KHR, found.AType == found.BType,
        found.CType == found.ResultType, !found.saturatingAccumulation.isTrue,
        let input = component(found.AType), let accumulator = component(found.CType)
      else { continue }
      let shape = Capabilities.MatrixShape(
        m: Int(found.MSize), n: Int(found.NSize), k: Int(found.KSize), input: input,
        accumulator: accumulator)
      if !result.contains(shape) { result.append(shape) }
    }
    return result
  }

  private static func component(_ type: VkComponentTypeKHR) -> String? {
    switch type.rawValue {
    case 0: "f16"
    case 1: "f32"
    case 2: "f64"
    case 3: "i8"
    case 4: "i16"
    case 5: "i32"
    case 6: "i64"
    case 7: "u8"
    case 8: "u16"
    case 9: "u32"
    case 10: "u64"
    case 1_000_141_000: "bf16"
    case 1_000_491_002: "f8e4m3"
    case 1_000_491_003: "f8e5m2"
    default: nil
    }
  }
}

extension VkPhysicalDeviceMemoryProperties {
  func heap(_ index: Int) -> VkMemoryHeap {
    withUnsafeBytes(of: memoryHeaps) { $0.bindMemory(to: VkMemoryHeap.self)[index] }
  }

  func type(_ index: Int) -> VkMemoryType {
    withUnsafeBytes(of: memoryTypes) { $0.bindMemory(to: VkMemoryType.self)[index] }
  }

  /// Index of the largest heap of the device's own memory.
  var largestDeviceHeap: Int? {
    (0..<Int(memoryHeapCount))
      .filter { heap($0).flags & flags(VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0 }
      .max { heap($0).size < heap($1).size }
  }

  /// Whether a device-local type is also host-visible.
  var hasUnifiedType: Bool {
    let both = flags(VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT)
    return (0..<Int(memoryTypeCount)).contains { type($0).propertyFlags & both == both }
  }
}
