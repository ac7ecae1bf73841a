import CVulkan
import Logging
import Synchronization

/// What the validation layer looks for; each is a run of its own, because they disturb one another.
enum ValidationKind {
  /// Wrong uses of the interface.
  case core
  /// Those, and missing barriers.
  case synchronization
  /// Those of `core`, and accesses outside bound ranges, found by instrumenting shaders.
  case gpuAssisted

  /// From `TESSERA_VULKAN_VALIDATION`: `core`, `sync` or `1`, `gpu`; anything else is off.
  init?(_ setting: String) {
    switch setting {
    case "core": self = .core
    case "sync", "1": self = .synchronization
    case "gpu": self = .gpuAssisted
    default: return nil
    }
  }

  var feature: VkValidationFeatureEnableEXT? {
    switch self {
    case .core: nil
    case .synchronization: VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT
    case .gpuAssisted: VK_VALIDATION_FEATURE_ENABLE_GPU_ASSISTED_EXT
    }
  }
}

/// Collects what the validation layer reports.
final class ValidationLog: Sendable {
  private let collected = Mutex<[String]>([])
  private let logger = Logger(label: "tessera.vulkan.validation")
  let kind: ValidationKind

  init(_ kind: ValidationKind) { self.kind = kind }

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
