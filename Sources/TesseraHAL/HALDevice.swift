package import TesseraCore

/// Where memory lives and who addresses it.
package enum MemoryKind: String, Sendable, Hashable, Codable {
  /// Fast for kernels; host-addressable only on unified-memory devices.
  case device
  /// Host-addressable, for transfers in both directions; kernels may address it too.
  case staging
}

/// One opened device. Thread-safe, except that an encoder belongs to one thread at a time.
///
/// Commands submitted to a device execute in order: a submission starts after the one before it has
/// finished, and inside one, memory written before an encoder's `barrier()` is seen after it.
package protocol HALDevice: AnyObject, Sendable {
  var identity: DeviceIdentity { get }
  var capabilities: Capabilities { get }
  /// What it was opened with.
  var bounds: BoundsMode { get }

  /// Allocates at least `byteCount` > 0 bytes, uninitialised.
  /// - Throws: `outOfMemory` when the driver says so.
  func allocate(byteCount: Int, kind: MemoryKind) throws(TesseraError) -> any HALBuffer
  /// Builds a kernel. `binary` is what an earlier `HALKernel.binary` of the same code on the same
  /// device and driver returned; a back-end that cannot use it builds from `code` and says so by
  /// `HALKernel.fromBinary == false`.
  func makeKernel(
    _ code: KernelCode, signature: KernelSignature, binary: [UInt8]?
  ) throws(TesseraError) -> any HALKernel
  /// A timeline starting at 0.
  func makeTimeline() throws(TesseraError) -> any HALTimeline
  /// An empty encoder, possibly a recycled one.
  func makeEncoder() throws(TesseraError) -> any HALEncoder
  /// Queues finished commands: they start when every `wait` timeline has reached its value and raise
  /// `signal` when done. Never blocks for the work.
  func submit(
    _ commands: any HALCommands, wait: [(timeline: any HALTimeline, value: UInt64)],
    signal: (timeline: any HALTimeline, value: UInt64)
  ) throws(TesseraError)
  /// Bytes in use by this process's allocations, and what the driver says is free, if it does.
  func memory() -> (allocated: Int, available: Int?)
  /// Gives recycled encoders and other caches back to the driver.
  func trim()
}

/// Device or staging memory; freed with the last reference, which must outlive the work that uses it.
package protocol HALBuffer: AnyObject, Sendable {
  var byteCount: Int { get }
  var kind: MemoryKind { get }
  /// Whether `withHostBytes` works.
  var isHostVisible: Bool { get }
  /// Lets the host read or write a range of an idle, host-visible buffer. What the host wrote is seen
  /// by work submitted afterwards; what completed work wrote is seen by the host.
  func withHostBytes(
    offset: Int, byteCount: Int, writing: Bool,
    _ body: (UnsafeMutableRawBufferPointer) throws(TesseraError) -> Void
  ) throws(TesseraError)
}

/// A built kernel.
package protocol HALKernel: AnyObject, Sendable {
  var signature: KernelSignature { get }
  /// Driver binary to store in the cache; nil where the driver gives none worth keeping.
  var binary: [UInt8]? { get }
  /// Whether it came from the binary it was offered.
  var fromBinary: Bool { get }
  /// What the compiler reported, for `plan` and `explain`.
  var resources: KernelResources { get }
}

/// A compiler's report on one kernel; nil where it says nothing.
package struct KernelResources: Sendable, Hashable, Codable {
  package var maxWorkgroupInvocations: Int?
  package var preferredMultiple: Int?
  package var localBytes: Int?
  package var privateBytes: Int?
  package init() {}
}
