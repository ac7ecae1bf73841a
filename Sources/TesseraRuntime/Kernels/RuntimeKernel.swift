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
  /// Given to the driver as source again although an earlier process built them: the driver hands out
  /// no binary (lavapipe) and keeps a cache of its own, from which it takes them if it still has them.
  public var driverCached = 0
  /// Found already built in this process.
  public var memoryHits = 0
  /// Host time spent building, in seconds.
  public var buildSeconds = 0.0

  package init() {}
}
