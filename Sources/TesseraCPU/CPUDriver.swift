package import TesseraCore
package import TesseraHAL

/// The back-end that is always there: one device, the processor.
package struct CPUDriver: HALDriver {
  package init() {}

  package var kind: BackendKind { .cpu }

  package func devices() -> [(identity: DeviceIdentity, capabilities: Capabilities)] {
    let capabilities = Self.capabilities()
    let identity = DeviceIdentity(backend: .cpu, index: 0, name: capabilities.name)
    return [(identity, capabilities)]
  }

  package func diagnosis() -> String? { nil }

  package func open(
    _ index: Int, bounds: BoundsMode
  ) throws(TesseraError) -> any HALDevice {
    guard index == 0 else {
      throw .unavailable("no device cpu:\(index): there is one CPU device, cpu")
    }
    let capabilities = Self.capabilities()
    return try CPUDevice(
      identity: DeviceIdentity(backend: .cpu, index: 0, name: capabilities.name),
      capabilities: capabilities, bounds: bounds)
  }

  /// What the machine offers this process now.
  package static func capabilities() -> Capabilities {
    var capabilities = Capabilities(backend: .cpu, kind: .cpu, name: HostMachine.processorName)
    capabilities.vendor = "host"
    capabilities.driver = "Tessera CPU"
    capabilities.driverVersion = "1"
    capabilities.apiVersion = "1"
    let memory = HostMachine.memoryBytes
    capabilities.memoryBytes = memory
    capabilities.maxAllocation = memory
    capabilities.maxBindingRange = memory
    // The strictest alignment any host kernel reads with.
    capabilities.bindingAlignment = 4
    capabilities.computeUnits = HostMachine.threadCount
    capabilities.localMemoryBytes = 4 << 20
    capabilities.maxWorkgroupInvocations = 1
    capabilities.maxWorkgroupSize = [1, 1, 1]
    // The product stays below 2^63.
    capabilities.maxGroupCount = [1 << 31, 65535, 65535]
    capabilities.maxConstantBytes = 4096
    capabilities.unifiedMemory = true
    capabilities.f16Storage = true
    capabilities.f16Arithmetic = false
    capabilities.f64 = true
    capabilities.int64 = true
    capabilities.timestamps = true
    capabilities.vectorWidth = HostMachine.vectorWidth
    return capabilities
  }
}
