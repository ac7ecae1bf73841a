package import TesseraHAL

/// A function of this process.
package final class CPUKernel: HALKernel {
  package let signature: KernelSignature
  let function: HostFunction

  init(function: @escaping HostFunction, signature: KernelSignature) {
    self.function = function
    self.signature = signature
  }

  package var binary: [UInt8]? { nil }
  package var fromBinary: Bool { false }
  package var resources: KernelResources {
    var resources = KernelResources()
    resources.maxWorkgroupInvocations = 1
    resources.localBytes = signature.localBytes
    return resources
  }
}
