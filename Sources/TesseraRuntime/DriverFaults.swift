package import Logging
package import TesseraCore
package import TesseraHAL
import TesseraShaders

/// Faults of drivers that give wrong results silently, and how each is found.
///
/// | identifier | driver | effect | way round |
/// |---|---|---|---|
/// | `loop-limit` | lavapipe before Mesa 23 | an invocation is stopped after 65,535 loop iterations in total, without an error | planners split loops over dispatches |
package enum DriverFaults {
  /// Iterations the probe makes: more than any known limit, few enough to take no time.
  private static let probeIterations = 200_000

  /// Runs the probes that concern this device and notes what they find.
  package static func probe(
    _ device: any HALDevice, _ capabilities: inout Capabilities, logger: Logger
  ) throws(TesseraError) {
    // GPUs do not count iterations; a probe there would only cost start-up time.
    guard capabilities.backend == .vulkan, capabilities.kind == .software else { return }
    let reached = try countLoopIterations(device)
    guard reached < probeIterations else { return }
    capabilities.maxLoopIterations = reached
    capabilities.faults.append("loop-limit")
    logger.debug("\(capabilities.name) stops loops after \(reached) iterations: work is split")
  }

  /// How many of `probeIterations` loop iterations one invocation really makes.
  static func countLoopIterations(_ device: any HALDevice) throws(TesseraError) -> Int {
    guard let words = TesseraShaders.module("loop_probe.spv") else {
      throw .unsupported("the loop probe is not part of this build")
    }
    let signature = KernelSignature(
      name: "main", slots: [.init("count", .readWrite)], constantBytes: 4)
    let kernel = try device.makeKernel(
      .spirv(words: words, specialization: []), signature: signature, binary: nil)
    let buffer = try device.allocate(byteCount: 256, kind: .staging)
    let timeline = try device.makeTimeline()
    let encoder = try device.makeEncoder()
    try encoder.fill(buffer, offset: 0, byteCount: 256, pattern: 0)
    try encoder.barrier()
    let constants = UInt32(probeIterations)
    try withUnsafeBytes(of: constants) { bytes throws(TesseraError) in
      try [Binding(buffer, offset: 0, byteCount: 256)].withUnsafeBufferPointer {
        bindings throws(TesseraError) in
        try encoder.dispatch(kernel, groups: GridSize(1), constants: bytes, bindings: bindings)
      }
    }
    let commands = try encoder.finish()
    try device.submit(commands, wait: [], signal: (timeline, 1))
    guard try timeline.wait(for: 1, seconds: 30) else {
      throw .timedOut("the loop probe on \(device.capabilities.name)", seconds: 30)
    }
    var count: UInt32 = 0
    try buffer.withHostBytes(offset: 0, byteCount: 4, writing: false) {
      count = $0.loadUnaligned(as: UInt32.self)
    }
    return Int(count)
  }
}
