import Tessera
import TesseraGLSL

/// Your own kernels beside ours: OpenCL C on OpenCL devices, GLSL on Vulkan devices.
@main struct OwnKernels {
  static let openCL = """
    kernel void scale(global const float *x, global float *y, float factor, uint count) {
      uint i = get_global_id(0);
      if (i < count) y[i] = factor * x[i];
    }
    """

  static let glsl = """
    #version 460
    layout(local_size_x_id = 0) in;
    layout(set = 0, binding = 0) readonly buffer X { float x[]; };
    layout(set = 0, binding = 1) writeonly buffer Y { float y[]; };
    layout(push_constant) uniform Constants { float factor; uint count; };
    void main() {
      uint i = gl_GlobalInvocationID.x;
      if (i < count) y[i] = factor * x[i];
    }
    """

  static let interface = KernelInterface(
    buffers: [.init("x", .f32, .read), .init("y", .f32, .write)],
    constants: [.init("factor", .float), .init("count", .uint)], workgroup: [64])

  static func main() throws {
    var ran = 0
    for description in Device.list() where description.backend != .cpu {
      let device = try Device(description)
      let kernel =
        description.backend == .openCL
        ? try device.kernel(openCL: openCL, entry: "scale", interface: interface)
        : try device.kernel(spirv: try GLSL.compile(glsl), interface: interface)
      let x = try Tensor((0..<1000).map(Float.init), shape: [1000], on: device)
      let y = try Tensor(uninitialized: [1000], dtype: .f32, on: device)
      let event = try device.run("scale") { commands in
        try commands.dispatch(
          kernel, groups: [16], buffers: [x, y], constants: [.float(2), .uint(1000)])
      }
      let result = try y.floats()
      let right = result.enumerated().allSatisfy { $1 == 2 * Float($0) }
      let time = try event.deviceSeconds().map { "\($0 * 1e6) µs" } ?? "no device time"
      print("\(device): \(right ? "right" : "WRONG"), \(time)")
      guard right else { throw Failure(device: device.description) }
      ran += 1
    }
    if ran == 0 { print("not run: no OpenCL or Vulkan device") }
  }

  struct Failure: Error { var device: String }
}
