package import CVulkan
package import TesseraCore
package import TesseraHAL

/// The Vulkan back-end: Vulkan 1.3 devices with push descriptors.
///
/// The loader is opened at the first use; `TESSERA_VULKAN_LIBRARY` names another one than
/// `libvulkan.so.1`, `TESSERA_VULKAN_VALIDATION` (`core`, `sync`, `gpu`) turns the validation layer on.
package struct VulkanDriver: HALDriver {
  /// An instance of its own, for tests; nil uses the process's.
  private let own: VulkanInstance?

  package init() { own = nil }

  /// A driver with its own loader and instance, which live to the end of the process. `global` and
  /// `instance` change the function tables before they are used.
  package init(
    library: String? = nil, validation: Bool,
    global: (inout VulkanGlobalFunctions) -> Void = { _ in },
    instance: (inout VulkanInstanceFunctions) -> Void = { _ in }
  ) {
    own = VulkanInstance(
      library: library ?? VulkanInstance.defaultLibrary,
      validation: validation ? .synchronization : nil, global: global, instance: instance)
  }

  private var instance: VulkanInstance { own ?? VulkanInstance.shared }

  package var kind: BackendKind { .vulkan }

  package func devices() -> [(identity: DeviceIdentity, capabilities: Capabilities)] {
    instance.adapters.map { ($0.identity, $0.capabilities) }
  }

  package func diagnosis() -> String? {
    let problems = instance.problems
    return problems.isEmpty ? nil : problems.joined(separator: "; ")
  }

  package func open(
    _ index: Int, bounds: BoundsMode
  ) throws(TesseraError) -> any HALDevice {
    try open(index, bounds: bounds) { _ in }
  }

  /// Opens a device whose function table `edit` has changed: the seam for fault injection.
  package func open(
    _ index: Int, bounds: BoundsMode = .off,
    editing edit: (inout VulkanDeviceFunctions) -> Void
  ) throws(TesseraError) -> any HALDevice {
    let adapters = instance.adapters
    guard adapters.indices.contains(index) else {
      let reason = diagnosis().map { ": \($0)" } ?? ""
      throw .unavailable("no device vulkan:\(index), \(adapters.count) present\(reason)")
    }
    return VulkanDevice(try VulkanContext(adapters[index], bounds: bounds, editing: edit))
  }

  /// What is wrong with a SPIR-V module as far as its declarations tell; nil if nothing is.
  package static func complaint(aboutModule words: [UInt32]) -> String? {
    do {
      let module = try SPIRVModule(words)
      for entry in module.entryPoints { _ = module.resources(of: entry) }
      return nil
    } catch {
      return error.reason
    }
  }

  /// What the validation layer has reported so far; nil while it is off.
  package var validationMessages: [String]? { instance.validation?.messages }
}
