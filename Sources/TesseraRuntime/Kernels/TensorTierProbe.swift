import Logging
import TesseraCore
import TesseraHAL
import TesseraShaders

/// Finds out which tiers of tensor-core kernels a device has: by building a small kernel of each and
/// looking at its results, never by the device's name.
enum TensorTierProbe {
  /// Seconds a probe may run.
  private static let patience = 20.0
  /// Bytes of ones each probe reads, zeros behind them that it would read if strides were taken for
  /// multiples of 16 bytes (as PTX before version 8.6 did), and floats it writes.
  private static let inputBytes = 8192
  private static let paddedBytes = 16 * inputBytes
  private static let outputs = 128

  /// Fills in `tensorTiers` and `tensorRefusals`. Never fails: a tier that does not work is not there.
  static func probe(
    _ device: any HALDevice, _ kernels: KernelStore, _ capabilities: inout Capabilities,
    logger: Logger
  ) {
    var (tiers, refusals): ([TensorTier], [String: String]) = ([], [:])
    for tier in TensorTier.allCases {
      if let reason = missing(tier, capabilities, device.bounds) {
        refusals[tier.rawValue] = reason
        continue
      }
      do throws(TesseraError) {
        if let complaint = try run(tier, device, kernels) {
          refusals[tier.rawValue] = complaint
        } else {
          tiers.append(tier)
        }
      } catch {
        refusals[tier.rawValue] = "the driver refuses its instructions: \(error.message)"
      }
      if let reason = refusals[tier.rawValue] {
        logger.info("\(capabilities.name): no \(tier.rawValue) kernels: \(reason)")
      }
    }
    capabilities.tensorTiers = tiers
    capabilities.tensorRefusals = refusals
  }

  /// Why a device cannot have a tier; nil if it is worth a probe.
  private static func missing(
    _ tier: TensorTier, _ capabilities: Capabilities, _ bounds: BoundsMode
  ) -> String? {
    guard capabilities.backend == .openCL else { return "needs OpenCL" }
    guard let capability = capabilities.computeCapability else { return "needs an NVIDIA device" }
    if bounds == .enforce { return "its instructions take addresses, which nothing bounds" }
    switch tier {
    case .mma: return capability >= 80 ? nil : "needs compute capability 8.0"
    // Instructions of one architecture, not of its successors.
    case .hopper: return capability == 90 ? nil : "needs compute capability 9.0 exactly"
    }
  }

  /// Runs the probe's kernel; what is wrong with its results, or nil.
  private static func run(
    _ tier: TensorTier, _ device: any HALDevice, _ kernels: KernelStore
  ) throws(TesseraError) -> String? {
    let name = tier.rawValue + "_probe"
    guard let source = TesseraShaders.source(name + ".cl") else { return "not part of this build" }
    let signature = KernelSignature(
      name: name,
      slots: [
        .init("a", .read, alignment: 16), .init("out", .write),
        .init("scratch", .readWrite, alignment: 128),
      ],
      workgroup: [tier == .mma ? 32 : 128, 1, 1], localBytes: tier == .mma ? 512 : 65536)
    let kernel = try kernels.kernel(
      .openCL(
        source: source, defines: [.init("A_DTYPE", 1), .init("OUT_DTYPE", 0)], options: "-w"),
      signature: signature)
    let input = try device.allocate(byteCount: paddedBytes, kind: .device)
    let output = try device.allocate(byteCount: 4 * outputs, kind: .staging)
    let scratch = try device.allocate(byteCount: 512, kind: .device)
    let (timeline, encoder) = (try device.makeTimeline(), try device.makeEncoder())
    // Two ones in 16 bits each.
    try encoder.fill(input, offset: 0, byteCount: inputBytes, pattern: 0x3C00_3C00)
    try encoder.fill(
      input, offset: inputBytes, byteCount: paddedBytes - inputBytes, pattern: 0)
    try encoder.fill(output, offset: 0, byteCount: 4 * outputs, pattern: 0)
    try encoder.barrier()
    let bindings = [
      Binding(input, offset: 0, byteCount: paddedBytes),
      Binding(output, offset: 0, byteCount: 4 * outputs),
      Binding(scratch, offset: 0, byteCount: 512),
    ]
    try bindings.withUnsafeBufferPointer { bindings throws(TesseraError) in
      try encoder.dispatch(
        kernel.kernel, groups: GridSize(1), constants: UnsafeRawBufferPointer(start: nil, count: 0),
        bindings: bindings)
    }
    try device.submit(try encoder.finish(), wait: [], signal: (timeline, 1))
    guard try timeline.wait(for: 1, seconds: patience) else { return "its probe does not end" }
    var wrong = 0
    try output.withHostBytes(offset: 0, byteCount: 4 * outputs, writing: false) { bytes in
      for index in 0..<outputs
      where bytes.loadUnaligned(fromByteOffset: 4 * index, as: Float.self) != 16 { wrong += 1 }
    }
    return wrong == 0 ? nil : "its probe gives \(wrong) wrong results of \(outputs)"
  }
}
