import CVulkan
import TesseraVulkan

/// Vulkan's device functions with any call made to fail, and objects counted.
enum VulkanFaults {
  nonisolated(unsafe) private static var real = VulkanDeviceFunctions()

  static func edit(_ table: inout VulkanDeviceFunctions) {
    real = table
    memory(&table)
    pipelines(&table)
    commands(&table)
  }

  private static func memory(_ table: inout VulkanDeviceFunctions) {
    table.vkCreateBuffer = { device, info, allocator, made in
      VulkanFaults.make("vkCreateBuffer", VK_ERROR_OUT_OF_HOST_MEMORY, "buffers") {
        VulkanFaults.real.vkCreateBuffer(device, info, allocator, made)
      }
    }
    table.vkDestroyBuffer = { device, buffer, allocator in
      VulkanFaults.gone(buffer, "buffers")
      VulkanFaults.real.vkDestroyBuffer(device, buffer, allocator)
    }
    table.vkAllocateMemory = { device, info, allocator, made in
      VulkanFaults.make("vkAllocateMemory", VK_ERROR_OUT_OF_DEVICE_MEMORY, "memory") {
        VulkanFaults.real.vkAllocateMemory(device, info, allocator, made)
      }
    }
    table.vkFreeMemory = { device, memory, allocator in
      VulkanFaults.gone(memory, "memory")
      VulkanFaults.real.vkFreeMemory(device, memory, allocator)
    }
    table.vkBindBufferMemory = { device, buffer, memory, offset in
      VulkanFaults.call("vkBindBufferMemory", VK_ERROR_OUT_OF_DEVICE_MEMORY) {
        VulkanFaults.real.vkBindBufferMemory(device, buffer, memory, offset)
      }
    }
    table.vkMapMemory = { device, memory, offset, size, flags, address in
      VulkanFaults.call("vkMapMemory", VK_ERROR_MEMORY_MAP_FAILED) {
        VulkanFaults.real.vkMapMemory(device, memory, offset, size, flags, address)
      }
    }
  }

  private static func pipelines(_ table: inout VulkanDeviceFunctions) {
    table.vkCreateShaderModule = { device, info, allocator, made in
      VulkanFaults.make("vkCreateShaderModule", VK_ERROR_OUT_OF_HOST_MEMORY, "modules") {
        VulkanFaults.real.vkCreateShaderModule(device, info, allocator, made)
      }
    }
    table.vkDestroyShaderModule = { device, module, allocator in
      VulkanFaults.gone(module, "modules")
      VulkanFaults.real.vkDestroyShaderModule(device, module, allocator)
    }
    table.vkCreateDescriptorSetLayout = { device, info, allocator, made in
      VulkanFaults.make("vkCreateDescriptorSetLayout", VK_ERROR_OUT_OF_HOST_MEMORY, "set layouts") {
        VulkanFaults.real.vkCreateDescriptorSetLayout(device, info, allocator, made)
      }
    }
    table.vkDestroyDescriptorSetLayout = { device, layout, allocator in
      VulkanFaults.gone(layout, "set layouts")
      VulkanFaults.real.vkDestroyDescriptorSetLayout(device, layout, allocator)
    }
    table.vkCreatePipelineLayout = { device, info, allocator, made in
      VulkanFaults.make("vkCreatePipelineLayout", VK_ERROR_OUT_OF_HOST_MEMORY, "layouts") {
        VulkanFaults.real.vkCreatePipelineLayout(device, info, allocator, made)
      }
    }
    table.vkDestroyPipelineLayout = { device, layout, allocator in
      VulkanFaults.gone(layout, "layouts")
      VulkanFaults.real.vkDestroyPipelineLayout(device, layout, allocator)
    }
    table.vkCreateComputePipelines = { device, cache, count, infos, allocator, made in
      VulkanFaults.make("vkCreateComputePipelines", VK_ERROR_OUT_OF_DEVICE_MEMORY, "pipelines") {
        VulkanFaults.real.vkCreateComputePipelines(device, cache, count, infos, allocator, made)
      }
    }
    table.vkDestroyPipeline = { device, pipeline, allocator in
      VulkanFaults.gone(pipeline, "pipelines")
      VulkanFaults.real.vkDestroyPipeline(device, pipeline, allocator)
    }
  }

  private static func commands(_ table: inout VulkanDeviceFunctions) {
    table.vkCreateCommandPool = { device, info, allocator, made in
      VulkanFaults.make("vkCreateCommandPool", VK_ERROR_OUT_OF_HOST_MEMORY, "command pools") {
        VulkanFaults.real.vkCreateCommandPool(device, info, allocator, made)
      }
    }
    table.vkDestroyCommandPool = { device, pool, allocator in
      VulkanFaults.gone(pool, "command pools")
      VulkanFaults.real.vkDestroyCommandPool(device, pool, allocator)
    }
    table.vkCreateSemaphore = { device, info, allocator, made in
      VulkanFaults.make("vkCreateSemaphore", VK_ERROR_OUT_OF_HOST_MEMORY, "semaphores") {
        VulkanFaults.real.vkCreateSemaphore(device, info, allocator, made)
      }
    }
    table.vkDestroySemaphore = { device, semaphore, allocator in
      VulkanFaults.gone(semaphore, "semaphores")
      VulkanFaults.real.vkDestroySemaphore(device, semaphore, allocator)
    }
    table.vkAllocateCommandBuffers = { device, info, made in
      VulkanFaults.call("vkAllocateCommandBuffers", VK_ERROR_OUT_OF_HOST_MEMORY) {
        VulkanFaults.real.vkAllocateCommandBuffers(device, info, made)
      }
    }
    table.vkBeginCommandBuffer = { buffer, info in
      VulkanFaults.call("vkBeginCommandBuffer", VK_ERROR_OUT_OF_HOST_MEMORY) {
        VulkanFaults.real.vkBeginCommandBuffer(buffer, info)
      }
    }
    table.vkEndCommandBuffer = { buffer in
      // Ended all the same, as the failure leaves it: no longer recording.
      let result = VulkanFaults.real.vkEndCommandBuffer(buffer)
      return FaultPoint.isDue("vkEndCommandBuffer") ? VK_ERROR_OUT_OF_DEVICE_MEMORY : result
    }
    table.vkResetCommandPool = { device, pool, flags in
      VulkanFaults.call("vkResetCommandPool", VK_ERROR_OUT_OF_DEVICE_MEMORY) {
        VulkanFaults.real.vkResetCommandPool(device, pool, flags)
      }
    }
    table.vkQueueSubmit2 = { queue, count, infos, fence in
      VulkanFaults.call("vkQueueSubmit2", VK_ERROR_OUT_OF_HOST_MEMORY) {
        VulkanFaults.real.vkQueueSubmit2(queue, count, infos, fence)
      }
    }
    table.vkWaitSemaphores = { device, info, timeout in
      VulkanFaults.call("vkWaitSemaphores", VK_ERROR_DEVICE_LOST) {
        VulkanFaults.real.vkWaitSemaphores(device, info, timeout)
      }
    }
    table.vkGetSemaphoreCounterValue = { device, semaphore, value in
      VulkanFaults.call("vkGetSemaphoreCounterValue", VK_ERROR_DEVICE_LOST) {
        VulkanFaults.real.vkGetSemaphoreCounterValue(device, semaphore, value)
      }
    }
  }

  private static func call(
    _ name: StaticString, _ error: VkResult, _ body: () -> VkResult?
  ) -> VkResult {
    FaultPoint.isDue(name) ? error : body() ?? VK_ERROR_INITIALIZATION_FAILED
  }

  private static func make(
    _ name: StaticString, _ error: VkResult, _ kind: String, _ body: () -> VkResult?
  ) -> VkResult {
    let result = call(name, error, body)
    if result == VK_SUCCESS { FaultPoint.count(kind, 1) }
    return result
  }

  private static func gone(_ object: OpaquePointer?, _ kind: String) {
    if object != nil { FaultPoint.count(kind, -1) }
  }
}
