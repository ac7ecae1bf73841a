import CVulkan
import TesseraCore

/// Set 0 with storage buffers at bindings 0..<slots, pushed, and a range of push constants.
/// Kernels of one shape share it, so that switching between them disturbs nothing.
struct PipelineLayout {
  struct Key: Hashable {
    var slots: Int
    /// Whole words.
    var constantBytes: Int
  }
  var key: Key
  var setLayout: VkDescriptorSetLayout
  var pipelineLayout: VkPipelineLayout
}

extension VulkanContext {
  /// The layout of that shape, created at its first use and kept with the device.
  func layout(_ key: PipelineLayout.Key) throws(TesseraError) -> PipelineLayout {
    try lock.withLock { () throws(TesseraError) in
      if let layout = layouts[key] { return layout }
      let layout = try makeLayout(key)
      layouts[key] = layout
      return layout
    }
  }

  private func makeLayout(_ key: PipelineLayout.Key) throws(TesseraError) -> PipelineLayout {
    var arena = Arena()
    let stage = flags(VK_SHADER_STAGE_COMPUTE_BIT)
    let bindings = arena.array(
      (0..<key.slots).map { slot in
        VkDescriptorSetLayoutBinding(
          binding: UInt32(slot), descriptorType: VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
          descriptorCount: 1, stageFlags: stage, pImmutableSamplers: nil)
      })
    var setInfo = VkDescriptorSetLayoutCreateInfo.make()
    setInfo.flags = flags(VK_DESCRIPTOR_SET_LAYOUT_CREATE_PUSH_DESCRIPTOR_BIT_KHR)
    setInfo.bindingCount = UInt32(key.slots)
    setInfo.pBindings = bindings.map { UnsafePointer($0) }
    var created: VkDescriptorSetLayout?
    var result = vk.vkCreateDescriptorSetLayout(handle, &setInfo, nil, &created)
    guard result == VK_SUCCESS, let setLayout = created else {
      throw VulkanResult.error("vkCreateDescriptorSetLayout", result)
    }
    let sets = arena.new(setLayout as VkDescriptorSetLayout?)
    let range = arena.new(
      VkPushConstantRange(stageFlags: stage, offset: 0, size: UInt32(key.constantBytes)))
    var info = VkPipelineLayoutCreateInfo.make()
    info.setLayoutCount = 1
    info.pSetLayouts = UnsafePointer(sets)
    info.pushConstantRangeCount = key.constantBytes > 0 ? 1 : 0
    info.pPushConstantRanges = UnsafePointer(range)
    var layout: VkPipelineLayout?
    result = vk.vkCreatePipelineLayout(handle, &info, nil, &layout)
    guard result == VK_SUCCESS, let layout else {
      vk.vkDestroyDescriptorSetLayout(handle, setLayout, nil)
      throw VulkanResult.error("vkCreatePipelineLayout", result)
    }
    return PipelineLayout(key: key, setLayout: setLayout, pipelineLayout: layout)
  }

  func destroy(_ layout: PipelineLayout) {
    vk.vkDestroyPipelineLayout(handle, layout.pipelineLayout, nil)
    vk.vkDestroyDescriptorSetLayout(handle, layout.setLayout, nil)
  }
}
