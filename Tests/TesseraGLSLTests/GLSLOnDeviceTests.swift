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
}
