import TesseraCPU
import TesseraCore
import TesseraHAL
import Testing

/// An open CPU device with one timeline, and shorthands to run kernels on it.
final class Bench {
  let device: any HALDevice
  let timeline: any HALTimeline
  private(set) var value: UInt64 = 0

  init() throws {
    device = try CPUDriver().open(0)
    timeline = try device.makeTimeline()
  }

  func kernel(
    _ name: String, slots: Int = 1, constantBytes: Int = 0, localBytes: Int = 0,
    _ function: @escaping HostFunction
  ) throws -> any HALKernel {
    let signature = KernelSignature(
      name: name, slots: (0..<slots).map { .init("slot\($0)", .readWrite) },
      constantBytes: constantBytes, localBytes: localBytes)
    return try device.makeKernel(.host(function), signature: signature, binary: nil)
  }

  /// A buffer holding `values`.
  func buffer<Value: BitwiseCopyable>(_ values: [Value]) throws -> any HALBuffer {
    let byteCount = values.count * MemoryLayout<Value>.stride
    let buffer = try device.allocate(byteCount: max(byteCount, 4), kind: .device)
    try buffer.withHostBytes(offset: 0, byteCount: byteCount, writing: true) { memory in
      values.withUnsafeBytes { memory.copyMemory(from: $0) }
    }
    return buffer
  }

  func read<Value: BitwiseCopyable>(
    _ buffer: any HALBuffer, _ count: Int, of type: Value.Type = Value.self
  ) throws -> [Value] {
    var result: [Value] = []
    let byteCount = count * MemoryLayout<Value>.stride
    try buffer.withHostBytes(offset: 0, byteCount: byteCount, writing: false) { memory in
      result = Array(memory.bindMemory(to: Value.self))
    }
    return result
  }

  /// Records with `body` and submits; returns the commands and their timeline value.
  @discardableResult
  func submit(_ body: (any HALEncoder) throws -> Void) throws -> (any HALCommands, UInt64) {
    let encoder = try device.makeEncoder()
    try body(encoder)
    let commands = try encoder.finish()
    value += 1
    try device.submit(commands, wait: [], signal: (timeline, value))
    return (commands, value)
  }

  /// Records, submits and waits.
  @discardableResult
  func run(_ body: (any HALEncoder) throws -> Void) throws -> any HALCommands {
    let (commands, value) = try submit(body)
    guard try timeline.wait(for: value, seconds: 60) else {
      throw TesseraError.timedOut("test", seconds: 60)
    }
    return commands
  }
}

extension HALEncoder {
  /// Dispatches with whole buffers bound.
  func dispatch(
    _ kernel: any HALKernel, groups: GridSize, constants: [UInt32] = [], _ buffers: any HALBuffer...
  ) throws {
    let bindings = buffers.map { Binding($0, offset: 0, byteCount: $0.byteCount) }
    try constants.withUnsafeBytes { constants in
      try bindings.withUnsafeBufferPointer { bindings in
        try dispatch(kernel, groups: groups, constants: constants, bindings: bindings)
      }
    }
  }
}
