#pragma once
// Types only: no prototypes, so nothing can link against the loader by accident.
#define VK_NO_PROTOTYPES
#include <vulkan/vulkan.h>

#include "extensions.h"

// One token per function used. The tables are plain structs of function pointers: whoever opens a
// device may replace an entry, which is how tests make a call fail.
#define TESSERA_VK_GLOBAL(X) \
  X(vkCreateInstance) X(vkEnumerateInstanceLayerProperties) \
  X(vkEnumerateInstanceExtensionProperties) X(vkEnumerateInstanceVersion)

#define TESSERA_VK_INSTANCE(X) \
  X(vkDestroyInstance) X(vkEnumeratePhysicalDevices) X(vkGetPhysicalDeviceFeatures2) \
  X(vkGetPhysicalDeviceProperties2) X(vkGetPhysicalDeviceMemoryProperties2) \
  X(vkGetPhysicalDeviceQueueFamilyProperties) X(vkEnumerateDeviceExtensionProperties) \
  X(vkCreateDevice) X(vkGetDeviceProcAddr) X(vkCreateDebugUtilsMessengerEXT) \
  X(vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR)

#define TESSERA_VK_DEVICE(X) \
  X(vkDestroyDevice) X(vkDeviceWaitIdle) X(vkGetDeviceQueue) X(vkQueueSubmit2) \
  X(vkCreateBuffer) X(vkDestroyBuffer) X(vkGetBufferMemoryRequirements2) \
  X(vkAllocateMemory) X(vkFreeMemory) X(vkBindBufferMemory) X(vkMapMemory) \
  X(vkFlushMappedMemoryRanges) X(vkInvalidateMappedMemoryRanges) \
  X(vkCreateShaderModule) X(vkDestroyShaderModule) \
  X(vkCreateDescriptorSetLayout) X(vkDestroyDescriptorSetLayout) \
  X(vkCreatePipelineLayout) X(vkDestroyPipelineLayout) \
  X(vkCreateComputePipelines) X(vkDestroyPipeline) \
  X(vkCreatePipelineCache) X(vkDestroyPipelineCache) X(vkGetPipelineCacheData) \
  X(vkCreateCommandPool) X(vkDestroyCommandPool) X(vkResetCommandPool) \
  X(vkAllocateCommandBuffers) X(vkBeginCommandBuffer) X(vkEndCommandBuffer) \
  X(vkCmdBindPipeline) X(vkCmdPushDescriptorSetKHR) X(vkCmdPushConstants) X(vkCmdDispatch) \
  X(vkCmdPipelineBarrier2) X(vkCmdFillBuffer) X(vkCmdUpdateBuffer) X(vkCmdCopyBuffer) \
  X(vkCmdResetQueryPool) X(vkCmdWriteTimestamp2) \
  X(vkCmdBeginDebugUtilsLabelEXT) X(vkCmdEndDebugUtilsLabelEXT) \
  X(vkCreateQueryPool) X(vkDestroyQueryPool) X(vkGetQueryPoolResults) \
  X(vkCreateSemaphore) X(vkDestroySemaphore) X(vkWaitSemaphores) X(vkGetSemaphoreCounterValue)

#define TESSERA_VK_FIELD(name) PFN_##name name;
#define TESSERA_VK_LOAD(name) table.name = (PFN_##name)get(handle, #name);
#define TESSERA_VK_TABLE(Name, LIST, Get, Handle) \
  struct Name { LIST(TESSERA_VK_FIELD) }; \
  static inline struct Name load##Name(Get get, Handle handle) { \
    struct Name table; \
    LIST(TESSERA_VK_LOAD) \
    return table; \
  }
TESSERA_VK_TABLE(
    VulkanGlobalFunctions, TESSERA_VK_GLOBAL, PFN_vkGetInstanceProcAddr, VkInstance)
TESSERA_VK_TABLE(
    VulkanInstanceFunctions, TESSERA_VK_INSTANCE, PFN_vkGetInstanceProcAddr, VkInstance)
TESSERA_VK_TABLE(VulkanDeviceFunctions, TESSERA_VK_DEVICE, PFN_vkGetDeviceProcAddr, VkDevice)
