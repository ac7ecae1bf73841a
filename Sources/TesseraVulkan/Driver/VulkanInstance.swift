import CVulkan
import Logging
import TesseraCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The loader, one `VkInstance` and the devices it lists.
///
/// Never destroyed: drivers keep threads and process-wide state, and unloading them at exit is a
/// known source of crashes. `@unchecked Sendable`: immutable after the initialiser, and functions of
/// an instance may be called from any thread.
final class VulkanInstance: @unchecked Sendable {
  static let shared = VulkanInstance(
    library: Environment.value("TESSERA_VULKAN_LIBRARY") ?? defaultLibrary,
    validation: Environment.value("TESSERA_VULKAN_VALIDATION").flatMap(ValidationKind.init))

  static let defaultLibrary = "libvulkan.so.1"
  private static let validationLayer = "VK_LAYER_KHRONOS_validation"
  /// Vulkan 1.3, the version asked for and the least a device must have.
  static let version = makeVersion(1, 3)

  /// Usable devices, in the loader's order.
  let adapters: [VulkanAdapter]
  /// Why there are none, or fewer than the system lists.
  let problems: [String]
  /// Non-nil while the validation layer is on.
  let validation: ValidationLog?

  init(
    library: String, validation wanted: ValidationKind?,
    global: (inout VulkanGlobalFunctions) -> Void = { _ in },
    instance: (inout VulkanInstanceFunctions) -> Void = { _ in }
  ) {
    var problems: [String] = []
    let opened = Self.open(
      library: library, validation: wanted, editing: global, problems: &problems)
    guard var opened else {
      adapters = []
      validation = nil
      self.problems = problems
      return
    }
    instance(&opened.functions)
    validation = opened.log
    let functions = opened.functions
    let handles = enumerate(nil as VkPhysicalDevice?) {
      functions.vkEnumeratePhysicalDevices(opened.handle, $0, $1)
    }
    if handles.result != VK_SUCCESS {
      problems.append(
        "vkEnumeratePhysicalDevices failed with \(VulkanResult.describe(handles.result))")
    }
    var adapters: [VulkanAdapter] = []
    for case let handle? in handles.elements {
      do {
        adapters.append(
          try VulkanAdapter(
            handle, functions: functions, index: adapters.count, labels: opened.log != nil))
      } catch {
        problems.append(error.message)
      }
    }
    if handles.elements.isEmpty, handles.result == VK_SUCCESS {
      problems.append("the Vulkan loader lists no device; is a driver (ICD) installed?")
    }
    self.adapters = adapters
    self.problems = problems
  }

  private struct Opened {
    var handle: VkInstance
    var functions: VulkanInstanceFunctions
    var log: ValidationLog?
  }

  /// Opens the loader and creates the instance; appends to `problems` whatever is in the way.
  private static func open(
    library: String, validation wanted: ValidationKind?,
    editing edit: (inout VulkanGlobalFunctions) -> Void, problems: inout [String]
  ) -> Opened? {
    guard let loader = dlopen(library, RTLD_NOW | RTLD_LOCAL) else {
      problems.append("no Vulkan loader: \(dlerror().map { String(cString: $0) } ?? library)")
      return nil
    }
    guard let symbol = dlsym(loader, "vkGetInstanceProcAddr") else {
      problems.append("\(library) is not a Vulkan loader: it has no vkGetInstanceProcAddr")
      return nil
    }
    let get = unsafeBitCast(symbol, to: PFN_vkGetInstanceProcAddr.self)
    var global = loadVulkanGlobalFunctions(get, nil)
    edit(&global)
    // Absent in Vulkan 1.0 loaders.
    guard global.vkCreateInstance != nil, global.vkEnumerateInstanceVersion != nil else {
      problems.append("the Vulkan loader \(library) is older than 1.1")
      return nil
    }
    var log: ValidationLog?
    if let wanted {
      if layers(global).contains(validationLayer) {
        log = ValidationLog(wanted)
      } else {
        problems.append("validation was asked for, but \(validationLayer) is not installed")
      }
    }
    var arena = Arena()
    var handle: VkInstance?
    let info = arena.new(instanceInfo(log, &arena))
    let result = global.vkCreateInstance(info, nil, &handle)
    guard result == VK_SUCCESS, let handle else {
      problems.append("vkCreateInstance failed with \(VulkanResult.describe(result))")
      return nil
    }
    let functions = loadVulkanInstanceFunctions(get, handle)
    if let log, functions.vkCreateDebugUtilsMessengerEXT != nil {
      var messenger: VkDebugUtilsMessengerEXT?
      let info = arena.new(log.messengerInfo())
      _ = functions.vkCreateDebugUtilsMessengerEXT(handle, info, nil, &messenger)
    }
    return Opened(handle: handle, functions: functions, log: log)
  }

  private static func instanceInfo(
    _ log: ValidationLog?, _ arena: inout Arena
  ) -> VkInstanceCreateInfo {
    let application = arena.new(
      VkApplicationInfo.make {
        $0.pApplicationName = arena.string("Tessera")
        $0.pEngineName = arena.string("Tessera")
        $0.apiVersion = version
      })
    var info = VkInstanceCreateInfo.make()
    info.pApplicationInfo = UnsafePointer(application)
    if let log {
      info.enabledLayerCount = 1
      info.ppEnabledLayerNames = arena.strings([validationLayer])
      info.enabledExtensionCount = 2
      info.ppEnabledExtensionNames = arena.strings([
        VK_EXT_DEBUG_UTILS_EXTENSION_NAME, VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME,
      ])
      guard let feature = log.kind.feature else { return info }
      let enabled = arena.array([feature])
      let features = arena.new(
        VkValidationFeaturesEXT.make {
          $0.enabledValidationFeatureCount = 1
          $0.pEnabledValidationFeatures = enabled.map { UnsafePointer($0) }
        })
      info.pNext = UnsafeRawPointer(features)
    }
    return info
  }

  private static func layers(_ global: VulkanGlobalFunctions) -> [String] {
    enumerate(VkLayerProperties()) { global.vkEnumerateInstanceLayerProperties($0, $1) }
      .elements.map { text($0.layerName) }
  }

  static func makeVersion(_ major: UInt32, _ minor: UInt32) -> UInt32 { major << 22 | minor << 12 }

  /// `1.3.230`.
  static func describe(version: UInt32) -> String {
    "\(version >> 22 & 0x7F).\(version >> 12 & 0x3FF).\(version & 0xFFF)"
  }
}
