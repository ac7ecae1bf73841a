import CVulkan
import Logging
import Synchronization

/// Collects what the validation layer reports.
final class ValidationLog: Sendable {
  private let collected = Mutex<[String]>([])
  private let logger = Logger(label: "tessera.vulkan.validation")

  var messages: [String] { collected.withLock { $0 } }

  func add(_ message: String) {
    collected.withLock { $0.append(message) }
    logger.error("\(message)")
  }

  /// The messenger's description. The log must live as long as the instance: it is never released.
  func messengerInfo() -> VkDebugUtilsMessengerCreateInfoEXT {
    .make {
      $0.messageSeverity = flags(
        VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT,
        VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT)
      // General messages come from the loader and concern other drivers as well.
      $0.messageType = flags(VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT)
      $0.pUserData = Unmanaged.passRetained(self).toOpaque()
      $0.pfnUserCallback = { _, _, data, user in
        guard let user, let data else { return 0 }
        let log = Unmanaged<ValidationLog>.fromOpaque(user).takeUnretainedValue()
        log.add(data.pointee.pMessage.map { String(cString: $0) } ?? "a message without text")
        // 0: the call that caused it goes on.
        return 0
      }
    }
  }
}
