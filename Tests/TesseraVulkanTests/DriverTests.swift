import CVulkan
import TesseraCore
import TesseraHAL
import TesseraVulkan
import Testing

@Suite struct DriverTests {
  @Test func `a missing loader is an empty list with a diagnosis`() {
    let driver = VulkanDriver(library: "/nonexistent/libvulkan.so.1", validation: false)
    #expect(driver.devices().isEmpty)
    #expect(driver.diagnosis()?.contains("/nonexistent/libvulkan.so.1") == true)
    let error = #expect(throws: TesseraError.self) { try driver.open(0) }
    #expect(error?.code == .unavailable)
  }

  @Test func `a library that is no loader is an empty list with a diagnosis`() {
    let driver = VulkanDriver(library: "libc.so.6", validation: false)
    #expect(driver.devices().isEmpty)
    #expect(driver.diagnosis()?.contains("vkGetInstanceProcAddr") == true)
  }

  @Test func `an instance that cannot be created is an empty list with a diagnosis`() throws {
    guard !VulkanDriver().devices().isEmpty else { try Test.cancel("not run: no Vulkan device") }
    let driver = VulkanDriver(
      validation: false,
      global: { $0.vkCreateInstance = { _, _, _ in VK_ERROR_INCOMPATIBLE_DRIVER } })
    #expect(driver.devices().isEmpty)
    #expect(driver.diagnosis()?.contains("VK_ERROR_INCOMPATIBLE_DRIVER (-9)") == true)
  }

  @Test func `devices that lack what is needed are left out and named`() throws {
    let present = VulkanDriver().devices()
    guard let name = present.first?.capabilities.name else {
      try Test.cancel("not run: no Vulkan device")
    }
    let withoutExtensions = VulkanDriver(
      validation: false,
      instance: {
        $0.vkEnumerateDeviceExtensionProperties = { _, _, count, _ in
          count?.pointee = 0
          return VK_SUCCESS
        }
      })
    let withoutFeatures = VulkanDriver(
      validation: false, instance: { $0.vkGetPhysicalDeviceFeatures2 = { _, _ in } })
    let outdated = VulkanDriver(
      validation: false,
      instance: {
        $0.vkGetPhysicalDeviceProperties2 = { _, found in
          found?.pointee.properties.apiVersion = 1 << 22 | 2 << 12 | 7
        }
      })
    for (driver, reason) in [
      (withoutExtensions, "VK_KHR_push_descriptor"), (withoutFeatures, "timeline semaphores"),
    ] {
      #expect(driver.devices().isEmpty)
      #expect(driver.diagnosis()?.contains(reason) == true)
      #expect(driver.diagnosis()?.contains(name) == true)
    }
    #expect(outdated.devices().isEmpty)
    #expect(outdated.diagnosis()?.contains("Vulkan 1.3 (has 1.2.7)") == true)
  }

  @Test func `capabilities are filled in`() throws {
    try Mode.plain.withDriver { driver in
      for (index, entry) in driver.devices().enumerated() {
        let found = entry.capabilities
        #expect(entry.identity.description == "vulkan:\(index)")
        #expect(!found.name.isEmpty && !found.driver.isEmpty && !found.driverVersion.isEmpty)
        #expect(found.apiVersion.hasPrefix("1."))
        #expect(found.memoryBytes > 0)
        // The least that Vulkan 1.3 promises.
        #expect(found.maxAllocation >= 1 << 30)
        #expect(found.maxBindingRange >= 1 << 27)
        #expect(found.maxConstantBytes >= 128)
        #expect(found.localMemoryBytes >= 16384)
        #expect(found.maxWorkgroupInvocations >= 128)
        #expect(found.maxGroupCount.allSatisfy { $0 >= 65535 })
        #expect((4...256).contains(found.bindingAlignment))
        #expect((1...found.maxSubgroupSize).contains(found.minSubgroupSize))
        #expect(found.computeUnits >= 1)
        #expect(found.extensions.contains("VK_KHR_push_descriptor"))
        let device = try driver.open(index)
        #expect(device.capabilities == found)
      }
      #expect(throws: TesseraError.self) { try driver.open(driver.devices().count) }
      #expect(throws: TesseraError.self) { try driver.open(-1) }
    }
  }

  /// Without this, a suite free of messages would prove nothing.
  @Test func `validation reports out-of-range copies and missing barriers`() throws {
    let driver = VulkanDriver(validation: true)
    guard !driver.devices().isEmpty, driver.validationMessages != nil else {
      try Test.cancel("not run: no Vulkan device or no validation layer")
    }
    let device = try driver.open(0)
    let buffer = try device.allocate(byteCount: 4096, kind: .staging)
    let encoder = try device.makeEncoder()
    try encoder.fill(buffer, offset: 0, byteCount: 4096, pattern: 1)
    try encoder.fill(buffer, offset: 0, byteCount: 4096, pattern: 2)
    _ = try encoder.finish()
    let hazards = driver.validationMessages?.filter { $0.contains("SYNC-HAZARD") } ?? []
    #expect(hazards.count == 1)
    let second = try device.makeEncoder()
    try second.copy(from: buffer, offset: 0, to: buffer, offset: 4096, byteCount: 64)
    #expect(driver.validationMessages?.contains { $0.contains("vkCmdCopyBuffer") } == true)
  }

  @Test(arguments: Mode.allCases)
  func `device memory is host-visible exactly on unified devices`(mode: Mode) throws {
    try mode.withDevice { device in
      let memory = try device.allocate(byteCount: 1000, kind: .device)
      let staging = try device.allocate(byteCount: 1000, kind: .staging)
      #expect(memory.isHostVisible == device.capabilities.unifiedMemory)
      #expect(staging.isHostVisible)
      #expect(memory.byteCount == 1000 && memory.kind == .device && staging.kind == .staging)
      let error = #expect(throws: TesseraError.self) {
        try staging.withHostBytes(offset: 996, byteCount: 8, writing: false) { _ in }
      }
      #expect(error?.code == .invalidArgument)
    }
  }

  @Test(arguments: Mode.allCases)
  func `a foreign or damaged binary is ignored`(mode: Mode) throws {
    try mode.withDevice { device in
      let kernel = try device.saxpyKernel()
      #expect(!kernel.fromBinary)
      for binary in [[], [1, 2, 3], [UInt8](repeating: 0, count: 64)] as [[UInt8]] {
        #expect(try !device.saxpyKernel(binary: binary).fromBinary)
      }
      // lavapipe keeps no binaries; where there is one, it must be of use.
      guard var stored = kernel.binary else { return }
      #expect(stored.count > 32)
      #expect(try device.saxpyKernel(binary: stored).fromBinary)
      stored[16] ^= 0xFF
      #expect(try !device.saxpyKernel(binary: stored).fromBinary)
    }
  }
}
