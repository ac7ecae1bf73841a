import Tessera
import Testing

@Suite("Kernels of your own") struct UserKernelTests {
  private static let source = """
    kernel void scale(global const float *x, global float *y, float factor, uint count) {
      uint i = get_global_id(0);
      if (i < count) y[i] = factor * x[i];
    }
    """
  private static let interface = KernelInterface(
    buffers: [.init("x", .f32, .read), .init("y", .f32, .write)],
    constants: [.init("factor", .float), .init("count", .uint)], workgroup: [64])

  @Test func `OpenCL C runs beside our operators, with device time`() throws {
    let device = try Devices.own(.openCL)
    let kernel = try device.kernel(openCL: Self.source, entry: "scale", interface: Self.interface)
    let x = try Tensor((0..<256).map(Float.init), shape: [16, 16], on: device)
    let y = try Tensor(uninitialized: [16, 16], dtype: .f32, on: device)
    var product: Tensor?
    let event = try device.run("mixed") { commands in
      try commands.dispatch(
        kernel, groups: [4], buffers: [x, y], constants: [.float(-1), .uint(256)])
      product = try device.gemm(x, y)
    }
    let seconds = try #require(try event.deviceSeconds())
    #expect(seconds > 0 && seconds < 60)
    #expect(try y.floats() == (0..<256).map { -Float($0) })
    let negated = try device.gemm(x, x, epilogue: .init(alpha: -1)).floats()
    let mixed = try #require(product)
    #expect(try mixed.floats() == negated)
  }

  @Test func `mistakes are named before anything runs`() throws {
    let device = try Devices.first(.openCL)
    let kernel = try device.kernel(openCL: Self.source, entry: "scale", interface: Self.interface)
    let x = try Tensor((0..<64).map(Float.init), shape: [64], on: device)
    let half = try Tensor(zeros: [64], dtype: .f16, on: device)
    func dispatch(_ buffers: [Tensor], _ constants: [KernelConstant], groups: [Int] = [1]) throws {
      try device.run { try $0.dispatch(kernel, groups: groups, buffers: buffers, constants: constants) }
    }
    let good: [KernelConstant] = [.float(1), .uint(64)]
    for (body, word) in [
      ({ try dispatch([x], good) }, "buffers"),
      ({ try dispatch([x, half], good) }, "y"),
      ({ try dispatch([x, x], good) }, "y"),
      ({ try dispatch([x, half], [.float(1)]) }, "y"),
      ({ try dispatch([x, x.reshaped(to: [64])], [.uint(1), .uint(64)]) }, "constants"),
      ({ try dispatch([x, x], good, groups: [1, 1, 1, 1]) }, "groups"),
    ] as [(() throws -> Void, String)] {
      let error = try #require(throws: TesseraError.self) { try body() }
      #expect(error.code == .invalidArgument && error.message.contains(word), "\(error)")
    }
  }

  @Test func `a compile error carries the kernel's name and the log`() throws {
    let device = try Devices.first(.openCL)
    let error = try #require(throws: TesseraError.self) {
      try device.kernel(
        openCL: "kernel void scale(global float *x) { x[0] = undeclared; }", entry: "scale",
        interface: KernelInterface(buffers: [.init("x", .f32, .write)], workgroup: [1]))
    }
    #expect(error.code == .compile && error.message.contains("scale"))
    #expect(error.log?.contains("undeclared") == true, "\(error)")
  }

  @Test func `a workgroup over the limit names both numbers`() throws {
    let device = try Devices.first(.openCL)
    var interface = Self.interface
    interface.workgroup = [1 << 20]
    let error = try #require(throws: TesseraError.self) {
      try device.kernel(openCL: Self.source, entry: "scale", interface: interface)
    }
    #expect(error.code == .overLimit && error.message.contains("1048576"))
  }

  @Test func `a source too long for any compiler is refused before one sees it`() throws {
    let device = try Devices.first(.openCL)
    let error = try #require(throws: TesseraError.self) {
      try device.kernel(
        openCL: String(repeating: " ", count: 17 << 20), entry: "scale", interface: Self.interface)
    }
    #expect(error.code == .overLimit && error.message.contains("scale"))
  }

  @Test func `assembly text is refused where no assembler is, by name`() throws {
    let device = try Devices.first(.openCL)
    guard device.context.capabilities.computeCapability == nil else {
      try Test.cancel("not run: the device takes PTX")
    }
    let error = try #require(throws: TesseraError.self) {
      try device.kernel(
        openCL: ".version 8.0\n.target sm_90\n", entry: "scale", interface: Self.interface)
    }
    #expect(error.code == .unsupported && error.message.contains("PTX"))
  }
}
