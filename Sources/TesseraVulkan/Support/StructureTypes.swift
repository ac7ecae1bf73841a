import CVulkan

// The `sType` of every struct used, in one place.

extension VkApplicationInfo: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_APPLICATION_INFO
  }
}

extension VkInstanceCreateInfo: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO
  }
}

extension VkValidationFeaturesEXT: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT
  }
}

extension VkDebugUtilsMessengerCreateInfoEXT: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT
  }
}

extension VkDebugUtilsLabelEXT: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_DEBUG_UTILS_LABEL_EXT
  }
}

extension VkDeviceCreateInfo: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO
  }
}

extension VkDeviceQueueCreateInfo: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO
  }
}

extension VkBufferCreateInfo: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO
  }
}

extension VkBufferMemoryRequirementsInfo2: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_BUFFER_MEMORY_REQUIREMENTS_INFO_2
  }
}

extension VkMemoryAllocateInfo: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO
  }
}

extension VkMemoryAllocateFlagsInfo: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO
  }
}

extension VkMappedMemoryRange: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE
  }
}

extension VkShaderModuleCreateInfo: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO
  }
}

extension VkDescriptorSetLayoutCreateInfo: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO
  }
}

extension VkPipelineLayoutCreateInfo: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO
  }
}

extension VkPipelineShaderStageCreateInfo: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO
  }
}

extension VkComputePipelineCreateInfo: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO
  }
}

extension VkPipelineCacheCreateInfo: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO
  }
}

extension VkPipelineCreationFeedbackCreateInfo: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_PIPELINE_CREATION_FEEDBACK_CREATE_INFO
  }
}

extension VkCommandPoolCreateInfo: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO
  }
}

extension VkCommandBufferAllocateInfo: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO
  }
}

extension VkCommandBufferBeginInfo: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO
  }
}

extension VkCommandBufferSubmitInfo: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO
  }
}

extension VkDependencyInfo: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_DEPENDENCY_INFO
  }
}

extension VkMemoryBarrier2: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_MEMORY_BARRIER_2
  }
}

extension VkQueryPoolCreateInfo: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO
  }
}

extension VkSemaphoreCreateInfo: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO
  }
}

extension VkSemaphoreTypeCreateInfo: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO
  }
}

extension VkSemaphoreWaitInfo: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO
  }
}

extension VkSemaphoreSubmitInfo: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO
  }
}

extension VkSubmitInfo2: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_SUBMIT_INFO_2
  }
}

extension VkWriteDescriptorSet: InputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET
  }
}

extension VkPhysicalDeviceProperties2: OutputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2
  }
}

extension VkPhysicalDeviceVulkan11Properties: OutputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES
  }
}

extension VkPhysicalDeviceVulkan12Properties: OutputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES
  }
}

extension VkPhysicalDeviceVulkan13Properties: OutputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_PROPERTIES
  }
}

extension VkPhysicalDevicePushDescriptorPropertiesKHR: OutputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PUSH_DESCRIPTOR_PROPERTIES_KHR
  }
}

extension VkPhysicalDeviceShaderSMBuiltinsPropertiesNV: OutputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_SM_BUILTINS_PROPERTIES_NV
  }
}

extension VkPhysicalDeviceShaderCorePropertiesAMD: OutputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_CORE_PROPERTIES_AMD
  }
}

extension VkPhysicalDeviceFeatures2: OutputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2
  }
}

extension VkPhysicalDeviceVulkan11Features: OutputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES
  }
}

extension VkPhysicalDeviceVulkan12Features: OutputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES
  }
}

extension VkPhysicalDeviceVulkan13Features: OutputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES
  }
}

extension VkPhysicalDeviceCooperativeMatrixFeaturesKHR: OutputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR
  }
}

extension VkPhysicalDeviceCooperativeMatrixFeaturesNV: OutputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_NV
  }
}

extension VkPhysicalDeviceCooperativeMatrix2FeaturesNV: OutputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_2_FEATURES_NV
  }
}

extension VkPhysicalDeviceRobustness2FeaturesEXT: OutputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ROBUSTNESS_2_FEATURES_EXT
  }
}

extension VkPhysicalDeviceShaderBfloat16FeaturesKHR: OutputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_BFLOAT16_FEATURES_KHR
  }
}

extension VkCooperativeMatrixPropertiesKHR: OutputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_KHR
  }
}

extension VkPhysicalDeviceMemoryProperties2: OutputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2
  }
}

extension VkPhysicalDeviceMemoryBudgetPropertiesEXT: OutputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT
  }
}

extension VkMemoryRequirements2: OutputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2
  }
}

extension VkPipelineShaderStageRequiredSubgroupSizeCreateInfo: OutputStructure {
  static var structureType: VkStructureType {
    VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO
  }
}
