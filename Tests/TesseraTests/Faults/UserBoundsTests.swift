import Tessera
import Testing

/// Kernels of the user's own in OpenCL C under the bounds modes.
@Suite("Bounds of kernels of your own") struct UserBoundsTests {
  private static let interface = KernelInterface(
    buffers: [.init("x", .f32, .read), .init("y", .f32, .readWrite)],
    constants: [.init("shift", .int)], workgroup: [64])

  /// Writes 64 elements, `shift` too far: names of its own, brackets in brackets, remarks.
  private static let source = """
    // y[0] in a remark, "x" in a string
    kernel void spill(global const float * restrict in, global float *out, int shift) {
      int i = get_global_id(0);
      /* out[i] */ out[i + shift] = in[(int)in[i] * 0 + i] + 1.0f;
    }
    """

  @Test(arguments: [-4, 4, 1 << 20, -(1 << 20)])
  func `an overrun comes to nothing where bounds are enforced`(shift: Int) throws {
    let device = try BoundsTests.open(.openCL, .enforce)
    let kernel = try device.kernel(
      openCL: Self.source, entry: "spill", interface: Self.interface)
    let x = try Tensor([Float](repeating: 1, count: 64), shape: [64], on: device)
    let whole = try Tensor([Float](repeating: 7, count: 1024), shape: [1024], on: device)
    let y = try whole.sliced(axis: 0, 512..<576)
    try device.run {
      try $0.dispatch(kernel, groups: [1], buffers: [x, y], constants: [.int(Int32(shift))])
    }
    let result = try whole.floats()
    for i in 0..<1024 where !(512..<576).contains(i) { #expect(result[i] == 7, "\(i)") }
    // Inside, every place that was meant is written; the last one takes what fell outside, too.
    for i in 0..<64 where (0..<64).contains(i - shift) { #expect(result[512 + i] == 2, "\(i)") }
    #expect(result[575] == 2)
  }

  @Test(arguments: [-4, 4])
  func `an overrun is an error that names kernel and buffer`(shift: Int) throws {
    let device = try BoundsTests.open(.openCL, .validate)
    let kernel = try device.kernel(
      openCL: Self.source, entry: "spill", interface: Self.interface)
    let x = try Tensor([Float](repeating: 1, count: 64), shape: [64], on: device)
    let y = try Tensor([Float](repeating: 7, count: 64), shape: [64], on: device)
    let error = try #require(throws: TesseraError.self) {
      try device.run {
        try $0.dispatch(kernel, groups: [1], buffers: [x, y], constants: [.int(Int32(shift))])
      }
    }
    #expect(error.code == .outOfBounds)
    #expect(error.message.contains("spill") && error.message.contains("beside y"), "\(error)")
  }

  /// Bodies of `kernel void k(global const float *x, global int *y, int n)`.
  @Test(arguments: [
    ("y[n] = (int)x[n] & 3;", true), ("atomic_add(&y[n], 1);", true),
    ("float2 v = (float2)(1, 2); y[n] = v.x + v.y;", true),
    ("*y = 1;", false), ("y[n] = *(x + n);", false), ("global int *p = &y[n]; p[9] = 1;", false),
    ("vstore2((int2)(n), 0, y);", false), ("n[y] = 1;", false), ("helper(y);", false),
    ("AT(y, n) = 1;", false), ("ALIAS[n] = 1;", false), ("PASTE(y)[n] = 1;", false),
    ("y[n] = 1; asm(\"nop\");", false),
  ])
  func `what cannot be bounded is refused, not run`(body: String, isFine: Bool) throws {
    let device = try BoundsTests.open(.openCL, .enforce)
    var macros = "void helper(global int *p) { p[9] = 1; }\n#define AT(b, i) b[i]\n"
    if body.contains("ALIAS") { macros += "#define ALIAS \\\n y\n" }
    if body.contains("PASTE") { macros += "#define PASTE(b) b ## y\n" }
    let source =
      macros + "kernel void k(global const float *x, global int *y, int n) { \(body) }"
    let interface = KernelInterface(
      buffers: [.init("x", .f32, .read), .init("y", .i32, .readWrite)],
      constants: [.init("n", .int)], workgroup: [1])
    if isFine {
      let kernel = try device.kernel(openCL: source, entry: "k", interface: interface)
      let x = try Tensor([Float](repeating: 1, count: 4), shape: [4], on: device)
      let y = try Tensor(zeros: [4], dtype: .i32, on: device)
      try device.run {
        try $0.dispatch(kernel, groups: [1], buffers: [x, y], constants: [.int(3)])
      }
      try device.synchronize()
    } else {
      let error = try #require(throws: TesseraError.self) {
        try device.kernel(openCL: source, entry: "k", interface: interface)
      }
      #expect(error.code == .unsupported && error.message.contains("kernel k"), "\(error)")
    }
  }
}
