import Tessera
import TesseraHAL
import Testing

@Suite("Device choice") struct DeviceChoiceTests {
  private func device(
    _ backend: BackendKind, _ kind: Capabilities.Kind, vendor: String = "", gigabytes: Int = 1,
    unified: Bool = false, capability: Int? = nil
  ) -> Capabilities {
    var result = Capabilities(backend: backend, kind: kind, name: "\(backend) \(kind)")
    result.vendor = vendor
    result.memoryBytes = gigabytes << 30
    result.unifiedMemory = unified
    result.computeCapability = capability
    return result
  }

  @Test func `GPUs come before CPUs and CPUs before software drivers`() {
    let software = device(.vulkan, .software, gigabytes: 64)
    let cpu = device(.cpu, .cpu, gigabytes: 64, unified: true)
    let integrated = device(.vulkan, .gpu, gigabytes: 16, unified: true)
    let discrete = device(.vulkan, .gpu, gigabytes: 8)
    #expect(DeviceChoice.best(of: []) == nil)
    #expect(DeviceChoice.best(of: [software, cpu])?.index == 1)
    #expect(DeviceChoice.best(of: [software, cpu, integrated])?.index == 2)
    #expect(DeviceChoice.best(of: [software, discrete, cpu, integrated])?.index == 1)
  }

  @Test func `an NVIDIA GPU is reached by OpenCL, another by Vulkan`() {
    let nvidia = [
      device(.vulkan, .gpu, vendor: "NVIDIA", gigabytes: 140),
      // The two interfaces of one GPU do not report quite the same memory.
      device(.openCL, .gpu, vendor: "NVIDIA Corporation", gigabytes: 139, capability: 90),
    ]
    #expect(DeviceChoice.best(of: nvidia)?.index == 1)
    let other = [
      device(.openCL, .gpu, vendor: "AMD", gigabytes: 16), device(.vulkan, .gpu, vendor: "AMD", gigabytes: 16),
    ]
    #expect(DeviceChoice.best(of: other)?.index == 1)
  }

  @Test func `a recording device is never chosen`() {
    #expect(DeviceChoice.best(of: [device(.recording, .gpu, gigabytes: 999)]) == nil)
  }
}
