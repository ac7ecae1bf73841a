package import TesseraHAL

/// A built kernel of one device.
package struct RuntimeKernel: Sendable {
  package let kernel: any HALKernel
  package let signature: KernelSignature

  package init(kernel: any HALKernel) {
    self.kernel = kernel
    self.signature = kernel.signature
  }
}

/// How a device's kernels were come by.
public struct KernelStatistics: Sendable, Hashable, Codable {
  /// Built from source in this process.
  public var compiled = 0
  /// Loaded from a binary of the disk cache.
  public var cacheHits = 0
  /// Found already built in this process.
  public var memoryHits = 0
  /// Host time spent building, in seconds.
  public var buildSeconds = 0.0

  package init() {}
}
