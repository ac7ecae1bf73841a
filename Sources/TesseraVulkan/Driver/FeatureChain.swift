import CVulkan

/// The feature structs that concern compute, linked for a query or for creating a device.
///
/// Optional extensions are in the chain only where the device lists them, since a driver may not be
/// handed structs it does not know.
struct FeatureChain: ~Copyable {
  private var arena = Arena()
  let head: UnsafeMutablePointer<VkPhysicalDeviceFeatures2>
  let v11: UnsafeMutablePointer<VkPhysicalDeviceVulkan11Features>
  let v12: UnsafeMutablePointer<VkPhysicalDeviceVulkan12Features>
  let v13: UnsafeMutablePointer<VkPhysicalDeviceVulkan13Features>
  private(set) var matrix: UnsafeMutablePointer<VkPhysicalDeviceCooperativeMatrixFeaturesKHR>?
  private(set) var matrixNV: UnsafeMutablePointer<VkPhysicalDeviceCooperativeMatrixFeaturesNV>?
  private(set) var matrix2: UnsafeMutablePointer<VkPhysicalDeviceCooperativeMatrix2FeaturesNV>?
  private(set) var bfloat16: UnsafeMutablePointer<VkPhysicalDeviceShaderBfloat16FeaturesKHR>?
  private(set) var robustness: UnsafeMutablePointer<VkPhysicalDeviceRobustness2FeaturesEXT>?

  init(extensions: Set<String>) {
    head = arena.new(.make())
    v11 = arena.new(.make())
    v12 = arena.new(.make())
    v13 = arena.new(.make())
    Arena.link(v13, after: head)
    Arena.link(v12, after: head)
    Arena.link(v11, after: head)
    matrix = add(.make(), extensions.contains("VK_KHR_cooperative_matrix"))
    matrixNV = add(.make(), extensions.contains("VK_NV_cooperative_matrix"))
    matrix2 = add(.make(), extensions.contains("VK_NV_cooperative_matrix2"))
    bfloat16 = add(.make(), extensions.contains("VK_KHR_shader_bfloat16"))
    robustness = add(.make(), extensions.contains("VK_EXT_robustness2"))
  }

  private mutating func add<T>(_ value: T, _ wanted: Bool) -> UnsafeMutablePointer<T>? {
    guard wanted else { return nil }
    let pointer = arena.new(value)
    Arena.link(pointer, after: head)
    return pointer
  }

  /// Turns on what `found` has of the features that kernels may use, and nothing else: some, such
  /// as robust buffer access, cost time.
  func enable(from found: borrowing FeatureChain) {
    let core = found.head.pointee.features
    head.pointee.features.shaderFloat64 = core.shaderFloat64
    head.pointee.features.shaderInt64 = core.shaderInt64
    head.pointee.features.shaderInt16 = core.shaderInt16
    copy(
      [
        \.storageBuffer16BitAccess, \.uniformAndStorageBuffer16BitAccess, \.storagePushConstant16,
        \.variablePointersStorageBuffer, \.variablePointers,
      ], found.v11, v11)
    copy(
      [
        \.storageBuffer8BitAccess, \.uniformAndStorageBuffer8BitAccess, \.storagePushConstant8,
        \.shaderFloat16, \.shaderInt8, \.shaderBufferInt64Atomics, \.shaderSharedInt64Atomics,
        \.scalarBlockLayout, \.shaderSubgroupExtendedTypes, \.timelineSemaphore,
        \.bufferDeviceAddress, \.vulkanMemoryModel, \.vulkanMemoryModelDeviceScope,
      ], found.v12, v12)
    copy(
      [
        \.subgroupSizeControl, \.computeFullSubgroups, \.synchronization2, \.maintenance4,
        \.shaderIntegerDotProduct, \.shaderZeroInitializeWorkgroupMemory,
      ], found.v13, v13)
    copy([\.cooperativeMatrix], found.matrix, matrix)
    copy([\.cooperativeMatrix], found.matrixNV, matrixNV)
    copy(
      [
        \.cooperativeMatrixWorkgroupScope, \.cooperativeMatrixFlexibleDimensions,
        \.cooperativeMatrixReductions, \.cooperativeMatrixConversions,
        \.cooperativeMatrixPerElementOperations, \.cooperativeMatrixTensorAddressing,
        \.cooperativeMatrixBlockLoads,
      ], found.matrix2, matrix2)
    copy(
      [
        \.shaderBFloat16Type, \.shaderBFloat16DotProduct, \.shaderBFloat16CooperativeMatrix,
      ], found.bfloat16, bfloat16)
  }

  /// Keeps every access through a descriptor inside the buffer behind it; where the device has
  /// robustness2 inside the bound range, with zeros read outside of it and nothing written.
  func enableRobustness(from found: borrowing FeatureChain) {
    // Every implementation has it.
    head.pointee.features.robustBufferAccess = found.head.pointee.features.robustBufferAccess
    copy([\.robustBufferAccess2], found.robustness, robustness)
  }

  private func copy<T>(
    _ paths: [WritableKeyPath<T, VkBool32>], _ source: UnsafeMutablePointer<T>?,
    _ target: UnsafeMutablePointer<T>?
  ) {
    guard let source, let target else { return }
    for path in paths { target.pointee[keyPath: path] = source.pointee[keyPath: path] }
  }
}
