import Tessera
import TesseraGLSL
import Testing

@Suite struct GLSLOnDeviceTests {
  @Test(arguments: GLSL.Target.allCases)
  func `a compiled shader runs and gives the right values`(target: GLSL.Target) throws {
    guard let description = Device.list().first(where: { $0.backend == .vulkan }) else {
      try Test.cancel("not run: no Vulkan device")
    }
    let device = try Device(description)
    let words = try GLSL.compile(
      """
      #version 460
      layout(local_size_x = WIDTH) in;
      layout(set = 0, binding = 0) readonly buffer X { float x[]; };
      layout(set = 0, binding = 1) buffer Y { float y[]; };
      layout(push_constant) uniform Constants { float factor; uint count; };
      void main() {
        uint i = gl_GlobalInvocationID.x;
        if (i < count) y[i] = factor * x[i] + y[i];
      }
      """, defines: ["WIDTH": "32"], target: target)
    let kernel = try device.kernel(
      spirv: words,
      interface: KernelInterface(
        buffers: [.init("x", .f32, .read), .init("y", .f32, .readWrite)],
        constants: [.init("factor", .float), .init("count", .uint)], workgroup: [32]))
    let values = (0..<100).map(Float.init)
    let x = try Tensor(values, shape: [100], on: device)
    let y = try Tensor([Float](repeating: 1, count: 100), shape: [100], on: device)
    try device.run { commands throws(TesseraError) in
      try commands.dispatch(
        kernel, groups: [4], buffers: [x, y], constants: [.float(-2), .uint(99)])
    }
    #expect(try y.floats() == values.map { $0 < 99 ? 1 - 2 * $0 : 1 })
  }

  @Test(arguments: BoundsMode.allCases)
  func `a shader that writes beside its buffer`(mode: BoundsMode) throws {
    guard let description = Device.list().first(where: { $0.backend == .vulkan }) else {
      try Test.cancel("not run: no Vulkan device")
    }
    // Without bounds it may do anything.
    guard mode != .off else { return }
    var configuration = Device.Configuration()
    configuration.bounds = mode
    let device = try Device(description, configuration: configuration)
    let words = try GLSL.compile(
      """
      #version 460
      layout(local_size_x = 64) in;
      layout(set = 0, binding = 0) buffer Y { float y[]; };
      void main() { y[gl_GlobalInvocationID.x] = 1.0; }
      """)
    let kernel = try device.kernel(
      spirv: words,
      interface: KernelInterface(buffers: [.init("y", .f32, .readWrite)], workgroup: [64]))
    let whole = try Tensor([Float](repeating: 7, count: 192), shape: [192], on: device)
    // Two workgroups where one fits.
    let y = mode == .enforce ? try whole.sliced(axis: 0, 64..<128) : whole
    func run() throws {
      try device.run {
        try $0.dispatch(kernel, groups: [mode == .enforce ? 2 : 4], buffers: [y])
      }
    }
    if mode == .validate {
      let error = try #require(throws: TesseraError.self) { try run() }
      #expect(error.code == .outOfBounds)
      #expect(error.message.contains("main") && error.message.contains("beside y"), "\(error)")
    } else {
      try run()
      #expect(try whole.floats() == (0..<192).map { (64..<128).contains($0) ? 1 : 7 })
    }
  }
}
