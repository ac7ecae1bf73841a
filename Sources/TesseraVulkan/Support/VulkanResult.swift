import CVulkan
import TesseraCore

/// Names and errors of `VkResult`.
enum VulkanResult {
  /// `VK_ERROR_OUT_OF_DEVICE_MEMORY (-2)`.
  static func describe(_ result: VkResult) -> String {
    "\(name(result) ?? "an unknown VkResult") (\(result.rawValue))"
  }

  private static func name(_ result: VkResult) -> String? {
    switch result {
    case VK_SUCCESS: "VK_SUCCESS"
    case VK_NOT_READY: "VK_NOT_READY"
    case VK_TIMEOUT: "VK_TIMEOUT"
    case VK_INCOMPLETE: "VK_INCOMPLETE"
    case VK_ERROR_OUT_OF_HOST_MEMORY: "VK_ERROR_OUT_OF_HOST_MEMORY"
    case VK_ERROR_OUT_OF_DEVICE_MEMORY: "VK_ERROR_OUT_OF_DEVICE_MEMORY"
    case VK_ERROR_INITIALIZATION_FAILED: "VK_ERROR_INITIALIZATION_FAILED"
    case VK_ERROR_DEVICE_LOST: "VK_ERROR_DEVICE_LOST"
    case VK_ERROR_MEMORY_MAP_FAILED: "VK_ERROR_MEMORY_MAP_FAILED"
    case VK_ERROR_LAYER_NOT_PRESENT: "VK_ERROR_LAYER_NOT_PRESENT"
    case VK_ERROR_EXTENSION_NOT_PRESENT: "VK_ERROR_EXTENSION_NOT_PRESENT"
    case VK_ERROR_FEATURE_NOT_PRESENT: "VK_ERROR_FEATURE_NOT_PRESENT"
    case VK_ERROR_INCOMPATIBLE_DRIVER: "VK_ERROR_INCOMPATIBLE_DRIVER"
    case VK_ERROR_TOO_MANY_OBJECTS: "VK_ERROR_TOO_MANY_OBJECTS"
    case VK_ERROR_FRAGMENTED_POOL: "VK_ERROR_FRAGMENTED_POOL"
    case VK_ERROR_OUT_OF_POOL_MEMORY: "VK_ERROR_OUT_OF_POOL_MEMORY"
    case VK_ERROR_INVALID_EXTERNAL_HANDLE: "VK_ERROR_INVALID_EXTERNAL_HANDLE"
    case VK_ERROR_FRAGMENTATION: "VK_ERROR_FRAGMENTATION"
    case VK_ERROR_INVALID_SHADER_NV: "VK_ERROR_INVALID_SHADER_NV"
    case VK_PIPELINE_COMPILE_REQUIRED: "VK_PIPELINE_COMPILE_REQUIRED"
    case VK_ERROR_UNKNOWN: "VK_ERROR_UNKNOWN"
    default: nil
    }
  }

  static func isOutOfMemory(_ result: VkResult) -> Bool {
    result == VK_ERROR_OUT_OF_DEVICE_MEMORY || result == VK_ERROR_OUT_OF_HOST_MEMORY
  }

  /// The error of a failed call outside any device.
  static func error(_ call: String, _ result: VkResult) -> TesseraError {
    if isOutOfMemory(result) {
      return TesseraError(.outOfMemory, "\(call) failed with \(describe(result))")
    }
    return .driver(call, status: describe(result))
  }
}

/// Calls an enumerating function twice: for the count, then for the elements.
func enumerate<T>(
  _ zero: T, _ call: (UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<T>?) -> VkResult
) -> (result: VkResult, elements: [T]) {
  var count: UInt32 = 0
  var result = call(&count, nil)
  guard result == VK_SUCCESS else { return (result, []) }
  if count == 0 { return (VK_SUCCESS, []) }
  var elements = [T](repeating: zero, count: Int(count))
  result = elements.withUnsafeMutableBufferPointer { call(&count, $0.baseAddress) }
  // VK_INCOMPLETE: the list grew in between; what has been written is valid.
  guard result == VK_SUCCESS || result == VK_INCOMPLETE else { return (result, []) }
  return (VK_SUCCESS, Array(elements.prefix(Int(count))))
}
