package import Logging
import Synchronization
package import TesseraCore
package import TesseraHAL

/// Builds kernels once per device: in memory for the process, on disk for the next one.
package final class KernelStore: Sendable {
  private struct State {
    var kernels: [String: RuntimeKernel] = [:]
    var statistics = KernelStatistics()
  }

  private let device: any HALDevice
  private let cache: DiskCache?
  private let logger: Logger
  private let state = Mutex(State())

  package init(device: any HALDevice, cache: DiskCache?, logger: Logger) {
    self.device = device
    self.cache = cache
    self.logger = logger
  }

  package var statistics: KernelStatistics { state.withLock { $0.statistics } }

  /// The kernel of `code`, built if it is not there yet.
  /// - Parameter variant: tells host functions apart, whose code cannot be compared.
  /// - Throws: `overLimit` if the device cannot run such a workgroup, `compile` with the log.
  package func kernel(
    _ code: KernelCode, signature: KernelSignature, variant: String = ""
  ) throws(TesseraError) -> RuntimeKernel {
    let key = Self.key(code, signature, variant, device)
    let found = state.withLock { state -> RuntimeKernel? in
      guard let kernel = state.kernels[key] else { return nil }
      state.statistics.memoryHits += 1
      return kernel
    }
    if let found { return found }
    try DispatchValidator.check(signature, capabilities: device.capabilities)
    // Two threads may build the same kernel at once; the first one stored stays.
    let started = HostClock.now()
    let onDisk = cacheable(code) ? cache : nil
    let stored = onDisk?.read(key)
    let seenBefore = stored == Self.noBinary
    let built = try device.makeKernel(
      code, signature: signature, binary: seenBefore ? nil : stored)
    if let stored, !seenBefore, !built.fromBinary {
      logger.debug("cache entry of \(signature.name) was refused and rebuilt (\(stored.count) bytes)")
    }
    if !built.fromBinary, !seenBefore, let onDisk,
      !onDisk.write(key, (keepsItsOwn ? nil : built.binary) ?? Self.noBinary)
    {
      logger.debug("cache entry of \(signature.name) could not be written to \(onDisk.folder)")
    }
    let seconds = Double(HostClock.now() - started) * 1e-9
    return state.withLock { state in
      if let existing = state.kernels[key] { return existing }
      let kernel = RuntimeKernel(kernel: built)
      state.kernels[key] = kernel
      if built.fromBinary {
        state.statistics.cacheHits += 1
      } else if seenBefore {
        state.statistics.driverCached += 1
      } else {
        state.statistics.compiled += 1
      }
      state.statistics.buildSeconds += seconds
      return kernel
    }
  }

  /// Whether the driver keeps what it compiles on disk by itself: PoCL does, and would compile every
  /// kernel once more, for any workgroup, to give a binary out.
  private var keepsItsOwn: Bool { device.capabilities.driver == "Portable Computing Language" }

  /// Stands in the cache for a kernel whose driver gives no binary: it has been built before.
  private static let noBinary = Array("no binary".utf8)

  private func cacheable(_ code: KernelCode) -> Bool {
    if case .host = code { return false }
    return true
  }

  /// Everything the binary depends on, hashed.
  private static func key(
    _ code: KernelCode, _ signature: KernelSignature, _ variant: String,
    _ device: any HALDevice
  ) -> String {
    let capabilities = device.capabilities
    var hash = SHA256()
    hash.update(field: "tessera-kernel-2")
    for text in [
      capabilities.backend.rawValue, capabilities.name, capabilities.driver,
      capabilities.driverVersion, capabilities.apiVersion, device.bounds.rawValue, signature.name,
      variant,
      "\(signature.slots.map { "\($0.name) \($0.access)" }) \(signature.constantBytes) "
        + "\(signature.workgroup) \(signature.localBytes) \(signature.subgroupSize ?? 0) \(signature.style)",
    ] {
      hash.update(field: text)
    }
    switch code {
    case .openCL(let source, let defines, let options):
      hash.update(field: source)
      for define in defines { hash.update(field: define.name + "=" + define.value) }
      hash.update(field: options)
    case .spirv(let words, let specialization):
      words.withUnsafeBytes { hash.update($0) }
      for constant in specialization { hash.update(field: "\(constant.id)=\(constant.value)") }
    case .host:
      hash.update(field: "host")
    }
    return SHA256.hex(hash.finish())
  }
}
