import COpenCL
import Foundation
import TesseraCore
import TesseraHAL
import TesseraOpenCL
import Testing

/// A device with one timeline, and the calls that every test makes.
final class Bench {
  let device: any HALDevice
  let timeline: any HALTimeline
  private var value: UInt64 = 0

  /// Opens the first device, or cancels the test.
  init(_ driver: OpenCLDriver = OpenCLDriver()) throws {
    try Self.requireDevice(driver)
    device = try driver.open(0)
    timeline = try device.makeTimeline()
  }

  private static func requireDevice(_ driver: OpenCLDriver) throws {
    guard driver.devices().isEmpty else { return }
    // The report does not tell of cases that are cancelled.
    print("not run: no OpenCL device (\(driver.diagnosis() ?? "no reason known"))")
    try Test.cancel("not run: no OpenCL device (\(driver.diagnosis() ?? "no reason known"))")
  }

  func buffer<T: BitwiseCopyable>(_ values: [T], _ kind: MemoryKind = .staging) throws
    -> any HALBuffer
  {
    let byteCount = values.count * MemoryLayout<T>.stride
    let result = try device.allocate(byteCount: byteCount, kind: kind)
    guard result.isHostVisible else {
      let staged = try buffer(values)
      try run { try $0.copy(from: staged, offset: 0, to: result, offset: 0, byteCount: byteCount) }
      return result
    }
    try result.withHostBytes(offset: 0, byteCount: byteCount, writing: true) { bytes in
      values.withUnsafeBytes { bytes.copyMemory(from: $0) }
    }
    return result
  }

  func read<T: BitwiseCopyable>(_ buffer: any HALBuffer, _ zero: T, count: Int) throws -> [T] {
    guard buffer.isHostVisible else {
      let byteCount = count * MemoryLayout<T>.stride
      let staged = try device.allocate(byteCount: byteCount, kind: .staging)
      try run { try $0.copy(from: buffer, offset: 0, to: staged, offset: 0, byteCount: byteCount) }
      return try read(staged, zero, count: count)
    }
    var result = [T](repeating: zero, count: count)
    try buffer.withHostBytes(
      offset: 0, byteCount: count * MemoryLayout<T>.stride, writing: false
    ) { bytes in
      result.withUnsafeMutableBytes { $0.copyMemory(from: UnsafeRawBufferPointer(bytes)) }
    }
    return result
  }

  func kernel(
    _ signature: KernelSignature, _ source: String, defines: [KernelCode.Define] = [],
    binary: [UInt8]? = nil
  ) throws -> any HALKernel {
    try device.makeKernel(
      .openCL(source: source, defines: defines, options: "-cl-std=CL1.2"), signature: signature,
      binary: binary)
  }

  /// Records, submits and waits.
  @discardableResult
  func run(_ record: (any HALEncoder) throws -> Void) throws -> any HALCommands {
    let encoder = try device.makeEncoder()
    try record(encoder)
    let commands = try encoder.finish()
    value += 1
    try device.submit(commands, wait: [], signal: (timeline, value))
    #expect(try timeline.wait(for: value, seconds: nil))
    return commands
  }
}

extension HALEncoder {
  /// A dispatch with its constants as bytes and its bindings as an array.
  func dispatch(
    _ kernel: any HALKernel, _ groups: GridSize, _ constants: [UInt8], _ bindings: [Binding]
  ) throws {
    try constants.withUnsafeBytes { constants in
      try bindings.withUnsafeBufferPointer { bindings in
        try dispatch(kernel, groups: groups, constants: constants, bindings: bindings)
      }
    }
  }
}

/// The bytes of values in order, as a constants block.
func block(_ values: any BitwiseCopyable...) -> [UInt8] {
  values.flatMap { value in
    func bytes<T: BitwiseCopyable>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value, Array.init) }
    return bytes(value)
  }
}

/// `y ← a·x + y` in both argument styles.
enum Saxpy {
  static let tessera = """
    typedef struct { uint n; float a; } Constants;
    kernel void saxpy(
        global const uchar *x_, global uchar *y_, ulong xOffset, ulong yOffset, Constants p) {
      global const float *x = (global const float *)(x_ + xOffset);
      global float *y = (global float *)(y_ + yOffset);
      uint i = get_global_id(0);
      if (i < p.n) y[i] = p.a * x[i] + y[i];
    }
    """
  static let plain = """
    kernel void saxpy(global const float *x, global float *y, uint n, float a) {
      uint i = get_global_id(0);
      if (i < n) y[i] = a * x[i] + y[i];
    }
    """
  static func signature(
    _ style: KernelSignature.ArgumentStyle, workgroup: [Int] = [64]
  ) -> KernelSignature {
    KernelSignature(
      name: "saxpy", slots: [.init("x", .read), .init("y", .readWrite)], constantBytes: 8,
      constantFields: [
        .init(name: "n", offset: 0, byteCount: 4), .init(name: "a", offset: 4, byteCount: 4),
      ], workgroup: workgroup, style: style)
  }
  static func source(_ style: KernelSignature.ArgumentStyle) -> String {
    style == .plain ? plain : tessera
  }
}
