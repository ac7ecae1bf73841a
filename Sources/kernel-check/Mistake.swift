import ArgumentParser
import Tessera
import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraRuntime

/// Mistakes that a watcher must notice: what shows that a silent run means something.
enum Mistake: String, CaseIterable, ExpressibleByArgument {
  // Kernels in OpenCL C.
  case race, overrun, missingBarrier = "missing-barrier", uninitialized
  // Commands for Vulkan: against the interface, against the order, against the bound range.
  case misuse, hazard, outOfRange = "out-of-range"

  func make(on device: Device) throws {
    switch self {
    case .race: try run("out[0] += in[i];", on: device)
    case .overrun: try run("out[i + 1] = in[i];", on: device)
    case .missingBarrier:
      try run("__local float t[64]; t[l] = in[i]; out[i] = t[63 - l];", on: device)
    case .uninitialized:
      try run("__local float t[64]; if (l != 5) t[l] = in[i]; out[i] = t[l];", on: device)
    case .misuse, .hazard, .outOfRange: try record(on: device.context)
    }
  }

  /// Runs an OpenCL kernel over one workgroup of 64 on buffers of 64 floats.
  private func run(_ body: String, on device: Device) throws {
    let source = """
      __kernel void planted(__global const float *in, __global float *out) {
        int i = get_global_id(0); int l = get_local_id(0);
        \(body)
      }
      """
    let base = device.context.device
    let signature = KernelSignature(
      name: "planted", slots: [.init("in", .read), .init("out", .readWrite)],
      workgroup: [64, 1, 1], style: .plain)
    let kernel = try base.makeKernel(
      .openCL(source: source, defines: [], options: ""), signature: signature, binary: nil)
    // Buffers of exactly this size: memory of the pool is padded.
    let input = try base.allocate(byteCount: 256, kind: .staging)
    let output = try base.allocate(byteCount: 256, kind: .staging)
    for buffer in [input, output] {
      try buffer.withHostBytes(offset: 0, byteCount: 256, writing: true) {
        _ = $0.initializeMemory(as: UInt8.self, repeating: 0)
      }
    }
    try submit(base) { encoder in
      try [Binding(input, offset: 0, byteCount: 256), Binding(output, offset: 0, byteCount: 256)]
        .withUnsafeBufferPointer {
          try encoder.dispatch(
            kernel, groups: GridSize(1), constants: UnsafeRawBufferPointer(start: nil, count: 0),
            bindings: $0)
        }
    }
  }

  /// Records commands of the runtime's kinds without the runtime's checks.
  private func record(on context: DeviceContext) throws {
    let base = context.device
    let plan = try StridedCopy.plan(
      shape: [64], strides: [1], dtype: .f32, elementOffset: 0, sourceBytes: 256,
      context.capabilities)
    let prepared = try PlanExecutor.prepare(plan, on: context)
    let bytes = self == .outOfRange ? [128, 256, 256] : [512, 512, 512]
    let buffers = try bytes.map { try base.allocate(byteCount: $0, kind: .staging) }
    func copy(
      _ encoder: any HALEncoder, _ from: Int, _ to: Int, byteCount: Int = 256
    ) throws {
      let bindings = [
        Binding(buffers[from], offset: 0, byteCount: byteCount),
        Binding(buffers[to], offset: 0, byteCount: 256),
      ]
      try bindings.withUnsafeBufferPointer { bindings in
        try plan.dispatches[0].constants.withUnsafeBytes { constants in
          try encoder.dispatch(
            prepared.kernels[0].kernel, groups: GridSize(1), constants: constants,
            bindings: bindings)
        }
      }
    }
    try submit(base) { encoder in
      for buffer in buffers {
        try encoder.fill(buffer, offset: 0, byteCount: buffer.byteCount, pattern: 0)
      }
      try encoder.barrier()
      switch self {
      case .misuse:
        try encoder.copy(
          from: buffers[0], offset: 256, to: buffers[1], offset: 0, byteCount: 512)
      case .hazard:
        try copy(encoder, 0, 1)
        try copy(encoder, 1, 2)
      default: try copy(encoder, 0, 1, byteCount: 128)
      }
    }
  }

  private func submit(
    _ base: any HALDevice, _ body: (any HALEncoder) throws -> Void
  ) throws {
    let encoder = try base.makeEncoder()
    try body(encoder)
    let timeline = try base.makeTimeline()
    try base.submit(try encoder.finish(), wait: [], signal: (timeline, 1))
    guard try timeline.wait(for: 1, seconds: 60) else {
      throw TesseraError.timedOut("a planted mistake", seconds: 60)
    }
  }
}
