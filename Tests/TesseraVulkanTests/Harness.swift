import Foundation
import Synchronization
import TesseraCore
import TesseraHAL
import TesseraVulkan
import Testing

/// Whether a test runs plainly or under the validation layer, where any message fails it.
enum Mode: String, CaseIterable, CustomTestStringConvertible {
  case plain, validated
  var testDescription: String { rawValue }

  private static let plainDriver = VulkanDriver(validation: false)
  private static let validatedDriver = VulkanDriver(validation: true)

  var driver: VulkanDriver { self == .plain ? Self.plainDriver : Self.validatedDriver }

  /// Runs `body` with the first device; then nothing may have been reported.
  func withDevice(_ body: (any HALDevice) throws -> Void) throws {
    try withDriver { try body($0.open(0)) }
  }

  func withDriver(_ body: (VulkanDriver) throws -> Void) throws {
    let driver = driver
    guard !driver.devices().isEmpty else {
      print("not run: no Vulkan device")
      try Test.cancel("not run: no Vulkan device")
    }
    if self == .validated && driver.validationMessages == nil {
      // The report does not tell of cases that are cancelled.
      print("not run: the validation layer is not installed")
      try Test.cancel("not run: the validation layer is not installed")
    }
    try body(driver)
    #expect(driver.validationMessages ?? [] == [])
  }
}

/// GLSL sources compiled once per process with glslangValidator.
enum GLSL {
  private static let compiled = Mutex<[String: [UInt32]]>([:])

  static func words(_ source: String) throws -> [UInt32] {
    // One compiler at a time: the signal of a child's end interrupts others' reads.
    try compiled.withLock { compiled in
      if let words = compiled[source] { return words }
      let words = try compile(source)
      compiled[source] = words
      return words
    }
  }

  private static func compile(_ source: String) throws -> [UInt32] {
    let tool = "/usr/bin/glslangValidator"
    guard FileManager.default.isExecutableFile(atPath: tool) else {
      print("not run: no glslangValidator")
      try Test.cancel("not run: no glslangValidator")
    }
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "tessera-vulkan-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let input = folder.appending(path: "kernel.comp")
    let output = folder.appending(path: "kernel.spv")
    let log = folder.appending(path: "log.txt")
    try source.write(to: input, atomically: true, encoding: .utf8)
    try Data().write(to: log)
    let process = Process()
    process.executableURL = URL(filePath: tool)
    process.arguments = ["--target-env", "vulkan1.3", "-o", output.path, input.path]
    process.standardOutput = try FileHandle(forWritingTo: log)
    try process.run()
    process.waitUntilExit()
    let text = try String(contentsOf: log, encoding: .utf8)
    try #require(process.terminationStatus == 0, "\(text)")
    return try Data(contentsOf: output).withUnsafeBytes { Array($0.bindMemory(to: UInt32.self)) }
  }

  /// `y ← alpha · x + shift · y` with `shift` a specialization constant.
  static let saxpy = """
    #version 460
    layout(local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2) in;
    layout(constant_id = 3) const int SHIFT = 1;
    layout(set = 0, binding = 0) readonly buffer X { float x[]; };
    layout(set = 0, binding = 1) buffer Y { float y[]; };
    layout(push_constant) uniform Constants { float alpha; uint count; };
    void main() {
      uint i = gl_GlobalInvocationID.x;
      if (i < count) y[i] = alpha * x[i] + float(SHIFT) * y[i];
    }
    """

  /// Adds 1 to every element, reading and writing one binding under two types.
  static let increment = """
    #version 460
    layout(local_size_x = 64) in;
    layout(set = 0, binding = 0) buffer A { uint a[]; };
    layout(set = 0, binding = 0) buffer B { uvec2 b[]; };
    void main() {
      uint i = gl_GlobalInvocationID.x;
      if ((i & 1u) == 0u) a[i] += 1u; else b[i / 2u].y += 1u;
    }
    """
}

extension HALDevice {
  func saxpyKernel(
    workgroup: Int = 64, shift: Int = 2, binary: [UInt8]? = nil
  ) throws -> any HALKernel {
    try makeKernel(
      .spirv(
        words: GLSL.words(GLSL.saxpy),
        specialization: [
          .init(id: 0, value: workgroup), .init(id: 1, value: 1), .init(id: 2, value: 1),
          .init(id: 3, value: shift),
        ]), signature: .saxpy(workgroup: workgroup), binary: binary)
  }

  func incrementKernel() throws -> any HALKernel {
    try makeKernel(
      .spirv(words: GLSL.words(GLSL.increment), specialization: []),
      signature: KernelSignature(
        name: "increment", slots: [.init("a", .readWrite)], workgroup: [64, 1, 1]), binary: nil)
  }

  /// A staging buffer holding `values`.
  func staging<T: BitwiseCopyable>(_ values: [T]) throws -> any HALBuffer {
    let count = values.count * MemoryLayout<T>.stride
    let buffer = try allocate(byteCount: count, kind: .staging)
    try buffer.withHostBytes(offset: 0, byteCount: count, writing: true) { bytes in
      values.withUnsafeBytes { bytes.copyMemory(from: $0) }
    }
    return buffer
  }

  /// Records with `body`, submits and waits.
  @discardableResult
  func run(_ body: (any HALEncoder) throws -> Void) throws -> any HALCommands {
    let encoder = try makeEncoder()
    try body(encoder)
    let commands = try encoder.finish()
    let timeline = try makeTimeline()
    try submit(commands, wait: [], signal: (timeline, 1))
    #expect(try timeline.wait(for: 1, seconds: 30))
    return commands
  }
}

extension HALBuffer {
  func values<T: BitwiseCopyable>(_ type: T.Type, count: Int) throws -> [T] {
    var result: [T] = []
    try withHostBytes(offset: 0, byteCount: count * MemoryLayout<T>.stride, writing: false) {
      result = Array($0.bindMemory(to: T.self))
    }
    return result
  }
}

extension HALEncoder {
  func dispatch<C: BitwiseCopyable>(
    _ kernel: any HALKernel, _ groups: Int, _ constants: C, _ bindings: [Binding]
  ) throws {
    try withUnsafeBytes(of: constants) { bytes in
      try bindings.withUnsafeBufferPointer {
        try dispatch(kernel, groups: GridSize(groups), constants: bytes, bindings: $0)
      }
    }
  }

  func dispatch(_ kernel: any HALKernel, _ groups: Int, _ bindings: [Binding]) throws {
    try bindings.withUnsafeBufferPointer {
      try dispatch(
        kernel, groups: GridSize(groups), constants: UnsafeRawBufferPointer(start: nil, count: 0),
        bindings: $0)
    }
  }
}

extension KernelSignature {
  static func saxpy(
    workgroup: Int = 64, x: Access = .read, y: Access = .readWrite, constantBytes: Int = 8
  ) -> Self {
    KernelSignature(
      name: "saxpy", slots: [.init("x", x), .init("y", y)], constantBytes: constantBytes,
      workgroup: [workgroup, 1, 1])
  }
}

struct SaxpyConstants: BitwiseCopyable {
  var alpha: Float
  var count: UInt32
}
