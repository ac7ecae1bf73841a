import TesseraCPU
import TesseraCore
import TesseraHAL
import TesseraKernels
import Testing

/// Runs plans on the CPU device without the runtime: each operand lies between guard bytes.
final class CPUPlanRunner: PlanRunner {
  /// Bytes before and after each operand.
  static let guardBytes = 256
  static let pattern: UInt8 = 0xFF

  let device: any HALDevice

  init() throws { device = try CPUDriver().open(0) }

  /// Executes `plan` over `operands` (nil where there is none); returns the operands' bytes after.
  func run(_ plan: Plan, operands: [[UInt8]?]) throws -> [[UInt8]?] {
    var kernels: [any HALKernel] = []
    for spec in plan.kernels {
      let entry = try KernelCatalogue.entry(for: spec)
      kernels.append(
        try device.makeKernel(
          try entry.code(spec, .cpu), signature: entry.signature(spec, .cpu), binary: nil))
    }
    var buffers: [(any HALBuffer)?] = []
    for operand in operands {
      guard let operand else {
        buffers.append(nil)
        continue
      }
      let buffer = try allocate(operand.count)
      try buffer.withHostBytes(offset: Self.guardBytes, byteCount: operand.count, writing: true) {
        $0.copyBytes(from: operand)
      }
      buffers.append(buffer)
    }
    var scratch: [any HALBuffer] = []
    for byteCount in plan.scratch { scratch.append(try allocate(byteCount)) }
    let absent = try allocate(64)
    let encoder = try device.makeEncoder()
    for dispatch in plan.dispatches {
      let kernel = kernels[dispatch.kernel]
      try #require(dispatch.arguments.count == kernel.signature.slots.count)
      try #require(dispatch.constants.count == kernel.signature.constantBytes)
      var bindings: [Binding] = []
      for argument in dispatch.arguments {
        let buffer: any HALBuffer
        switch argument.source {
        case .operand(let index): buffer = try #require(buffers[index])
        case .scratch(let index): buffer = scratch[index]
        case .none: buffer = absent
        }
        #expect(argument.offset + argument.byteCount + 2 * Self.guardBytes <= buffer.byteCount)
        bindings.append(
          Binding(
            buffer, offset: Self.guardBytes + argument.offset, byteCount: argument.byteCount))
      }
      try dispatch.constants.withUnsafeBytes { constants in
        try bindings.withUnsafeBufferPointer { bindings in
          try encoder.dispatch(
            kernel, groups: dispatch.grid, constants: constants, bindings: bindings)
        }
      }
      try encoder.barrier()
    }
    let timeline = try device.makeTimeline()
    try device.submit(try encoder.finish(), wait: [], signal: (timeline, 1))
    try #require(try timeline.wait(for: 1, seconds: 120))
    for buffer in scratch + buffers.compactMap({ $0 }) { try expectGuards(buffer) }
    return try zip(operands, buffers).map { operand, buffer in
      guard let operand, let buffer else { return nil }
      return try bytes(of: buffer, count: operand.count)
    }
  }

  private func allocate(_ byteCount: Int) throws -> any HALBuffer {
    let total = byteCount + 2 * Self.guardBytes
    let buffer = try device.allocate(byteCount: total, kind: .device)
    try buffer.withHostBytes(offset: 0, byteCount: total, writing: true) {
      $0.initializeMemory(as: UInt8.self, repeating: Self.pattern)
    }
    return buffer
  }

  private func bytes(of buffer: any HALBuffer, count: Int) throws -> [UInt8] {
    var result: [UInt8] = []
    try buffer.withHostBytes(offset: Self.guardBytes, byteCount: count, writing: false) {
      result = Array($0)
    }
    return result
  }

  private func expectGuards(_ buffer: any HALBuffer) throws {
    let count = buffer.byteCount
    var intact = true
    try buffer.withHostBytes(offset: 0, byteCount: count, writing: false) { memory in
      intact =
        memory[..<Self.guardBytes].allSatisfy { $0 == Self.pattern }
        && memory[(count - Self.guardBytes)...].allSatisfy { $0 == Self.pattern }
    }
    #expect(intact, "guard bytes were written")
  }
}
