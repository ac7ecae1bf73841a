import CVulkan
import TesseraCore
import TesseraHAL

extension VulkanContext {
  /// Compiles a module into a compute pipeline.
  /// - Returns: the pipeline, and whether it came from the cache, if the driver says.
  /// - Throws: `compile` with the driver's result if it refuses the module.
  func makePipeline(
    words: [UInt32], specialization: [KernelCode.Specialization], entry: String, kernel: String,
    layout: PipelineLayout, subgroupSize: Int?, cache: borrowing PipelineCache
  ) throws(TesseraError) -> (pipeline: VkPipeline, cacheHit: Bool?) {
    var arena = Arena()
    var moduleInfo = VkShaderModuleCreateInfo.make()
    moduleInfo.codeSize = words.count * 4
    moduleInfo.pCode = arena.array(words).map { UnsafePointer($0) }
    var created: VkShaderModule?
    var result = vk.vkCreateShaderModule(handle, &moduleInfo, nil, &created)
    guard result == VK_SUCCESS, let module = created else {
      throw pipelineError("vkCreateShaderModule", result, kernel)
    }
    defer { vk.vkDestroyShaderModule(handle, module, nil) }

    var info = VkComputePipelineCreateInfo.make()
    info.layout = layout.pipelineLayout
    info.stage = stage(module, entry, specialization, subgroupSize, &arena)
    // Tells whether the driver found the pipeline in the cache it was offered.
    let feedback = arena.new(VkPipelineCreationFeedback())
    let stageFeedback = arena.new(VkPipelineCreationFeedback())
    let feedbackInfo = arena.new(
      VkPipelineCreationFeedbackCreateInfo.make {
        $0.pPipelineCreationFeedback = feedback
        $0.pipelineStageCreationFeedbackCount = 1
        $0.pPipelineStageCreationFeedbacks = stageFeedback
      })
    info.pNext = UnsafeRawPointer(feedbackInfo)
    var pipeline: VkPipeline?
    result = vk.vkCreateComputePipelines(handle, cache.handle, 1, &info, nil, &pipeline)
    guard result == VK_SUCCESS, let pipeline else {
      throw pipelineError("vkCreateComputePipelines", result, kernel)
    }
    let bits = feedback.pointee.flags
    guard bits & flags(VK_PIPELINE_CREATION_FEEDBACK_VALID_BIT) != 0 else { return (pipeline, nil) }
    let hit = flags(VK_PIPELINE_CREATION_FEEDBACK_APPLICATION_PIPELINE_CACHE_HIT_BIT)
    return (pipeline, bits & hit != 0)
  }

  private func stage(
    _ module: VkShaderModule, _ entry: String, _ specialization: [KernelCode.Specialization],
    _ subgroupSize: Int?, _ arena: inout Arena
  ) -> VkPipelineShaderStageCreateInfo {
    var stage = VkPipelineShaderStageCreateInfo.make()
    stage.stage = VK_SHADER_STAGE_COMPUTE_BIT
    stage.module = module
    stage.pName = arena.string(entry)
    if !specialization.isEmpty {
      let entries = arena.array(
        specialization.enumerated().map { index, constant in
          VkSpecializationMapEntry(
            constantID: UInt32(truncatingIfNeeded: constant.id), offset: UInt32(index * 4), size: 4)
        })
      let values = arena.array(specialization.map(\.value))
      let info = arena.new(
        VkSpecializationInfo(
          mapEntryCount: UInt32(specialization.count),
          pMapEntries: entries.map { UnsafePointer($0) }, dataSize: specialization.count * 4,
          pData: values.map { UnsafeRawPointer($0) }))
      stage.pSpecializationInfo = UnsafePointer(info)
    }
    if let subgroupSize {
      let required = arena.new(VkPipelineShaderStageRequiredSubgroupSizeCreateInfo.make())
      required.pointee.requiredSubgroupSize = UInt32(subgroupSize)
      stage.pNext = UnsafeRawPointer(required)
    }
    return stage
  }

  /// Drivers report what they cannot compile by various codes; memory and loss keep their own.
  private func pipelineError(
    _ call: StaticString, _ result: VkResult, _ kernel: String
  ) -> TesseraError {
    let found = error(call, result)
    return found.code == .driver ? .compile(kernel: kernel, log: found.message) : found
  }
}
