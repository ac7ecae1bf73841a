import COpenCL
import TesseraCore
import TesseraHAL
import TesseraOpenCL
import Testing

@Suite struct KernelTests {
  private func error(_ body: () throws -> Void) -> TesseraError? {
    do {
      try body()
      return nil
    } catch {
      return error as? TesseraError
    }
  }

  @Test func `a source error carries the kernel's name and the compiler's log`() throws {
    let bench = try Bench()
    let found = error {
      _ = try bench.kernel(
        Saxpy.signature(.plain), Saxpy.plain.replacing("y[i];", with: "fnord[i];"))
    }
    #expect(found?.code == .compile)
    #expect(found?.message.contains("saxpy") == true)
    #expect(found?.log?.contains("fnord") == true)
  }

  @Test func `definitions reach the compiler in order`() throws {
    let bench = try Bench()
    let source = "kernel void f(global uint *a) { a[get_global_id(0)] = (A) * 10 + SIZE; }"
    let signature = KernelSignature(name: "f", slots: [.init("a", .write)], style: .plain)
    let kernel = try bench.kernel(
      signature, source, defines: [.init("SIZE", 7), .init("A", "SIZE+1")])
    let buffer = try bench.buffer([UInt32](repeating: 0, count: 4))
    try bench.run {
      try $0.dispatch(kernel, GridSize(3), [], [Binding(buffer, offset: 0, byteCount: 16)])
    }
    #expect(try bench.read(buffer, UInt32(0), count: 4) == [87, 87, 87, 0])
    let blank = error { _ = try bench.kernel(signature, source, defines: [.init("A", "1 + 1")]) }
    #expect(blank?.code == .invalidArgument)
  }

  @Test func `a signature that does not fit the kernel is a compile error`() throws {
    let bench = try Bench()
    let count = error { _ = try bench.kernel(Saxpy.signature(.tessera), Saxpy.plain) }
    #expect(count?.code == .compile)
    #expect(count?.log?.contains("takes 4 arguments, its signature 5") == true)

    var slots = Saxpy.signature(.plain)
    slots.slots.append(.init("z", .read))
    slots.constantFields.removeLast()
    let kind = error { _ = try bench.kernel(slots, Saxpy.plain) }
    #expect(kind?.code == .compile)
    #expect(kind?.log?.contains("argument 2 (n) is a value") == true)

    var name = Saxpy.signature(.plain)
    name.name = "daxpy"
    let missing = error { _ = try bench.kernel(name, Saxpy.plain) }
    #expect(missing?.code == .compile)
    #expect(missing?.log?.contains("saxpy") == true)

    let group = "kernel __attribute__((reqd_work_group_size(32, 1, 1))) void saxpy"
    let wrong = error {
      _ = try bench.kernel(
        Saxpy.signature(.plain), Saxpy.plain.replacing("kernel void saxpy", with: group))
    }
    #expect(wrong?.code == .compile)
    #expect(wrong?.log?.contains("[32, 1, 1]") == true)
  }

  @Test func `what the device cannot run is refused before the driver sees it`() throws {
    let bench = try Bench()
    let limits = bench.device.capabilities
    var local = Saxpy.signature(.plain)
    local.localBytes = limits.localMemoryBytes + 1
    #expect(error { _ = try bench.kernel(local, Saxpy.plain) }?.code == .overLimit)
    let group = Saxpy.signature(.plain, workgroup: [limits.maxWorkgroupInvocations, 2])
    #expect(error { _ = try bench.kernel(group, Saxpy.plain) }?.code == .overLimit)
    // Declared small, compiled large.
    let big = """
      kernel void f(global uint *a) {
        local uint t[\(limits.localMemoryBytes / 4 + 64)];
        for (uint i = 0; i < 64; i++) t[i * \(limits.localMemoryBytes / 256)] = a[i];
        barrier(CLK_LOCAL_MEM_FENCE);
        a[0] = t[a[1]];
      }
      """
    let signature = KernelSignature(name: "f", slots: [.init("a", .write)], style: .plain)
    let code = error { _ = try bench.kernel(signature, big) }?.code
    #expect(code == .overLimit || code == .compile)
    let spirv = error {
      _ = try bench.device.makeKernel(
        .spirv(words: [], specialization: []), signature: signature, binary: nil)
    }
    #expect(spirv?.code == .unsupported)
  }

  @Test func `a kernel comes back from its binary, and a damaged one is built from source`() throws
  {
    let bench = try Bench()
    let signature = Saxpy.signature(.tessera)
    let first = try bench.kernel(signature, Saxpy.tessera)
    #expect(!first.fromBinary)
    let binary = try #require(first.binary)
    let second = try bench.kernel(signature, Saxpy.tessera, binary: binary)
    #expect(second.fromBinary)

    var damaged: [[UInt8]] = [[], [1, 2, 3], Array(binary.prefix(binary.count / 2))]
    for position in [0, 9, 40, binary.count / 2, binary.count - 1] {
      var copy = binary
      copy[position] ^= 0x55
      damaged.append(copy)
    }
    var kernels = [second]
    for bytes in damaged {
      let kernel = try bench.kernel(signature, Saxpy.tessera, binary: bytes)
      #expect(!kernel.fromBinary)
      kernels.append(kernel)
    }
    let x = try bench.buffer([Float](repeating: 2, count: 64))
    let y = try bench.buffer([Float](repeating: 0, count: 64))
    try bench.run { encoder in
      for kernel in kernels {
        try encoder.dispatch(
          kernel, GridSize(1), block(UInt32(64), Float(1)),
          [Binding(x, offset: 0, byteCount: 256), Binding(y, offset: 0, byteCount: 256)])
      }
    }
    let expected = [Float](repeating: Float(2 * kernels.count), count: 64)
    #expect(try bench.read(y, Float(0), count: 64) == expected)
  }

  @Test func `a plain kernel refuses an offset its driver cannot bind`() throws {
    let bench = try Bench()
    let kernel = try bench.kernel(Saxpy.signature(.plain), Saxpy.plain)
    let x = try bench.buffer([Float](repeating: 2, count: 64))
    let found = error {
      try bench.run { encoder in
        try encoder.dispatch(
          kernel, GridSize(1), block(UInt32(1), Float(1)),
          [Binding(x, offset: 4, byteCount: 8), Binding(x, offset: 0, byteCount: 4)])
      }
    }
    #expect(found?.code == .invalidArgument)
  }

  @Test func `resources say what the compiler found`() throws {
    let bench = try Bench()
    let kernel = try bench.kernel(
      KernelSignature(name: "f", slots: [.init("a", .readWrite)], workgroup: [64], style: .plain),
      """
      kernel void f(global uint *a) {
        local uint t[64];
        t[get_local_id(0)] = a[get_global_id(0)];
        barrier(CLK_LOCAL_MEM_FENCE);
        a[get_global_id(0)] = t[63 - get_local_id(0)];
      }
      """)
    #expect((kernel.resources.maxWorkgroupInvocations ?? 0) >= 64)
    #expect((kernel.resources.preferredMultiple ?? 0) >= 1)
    #expect((kernel.resources.localBytes ?? 0) >= 256)
  }
}
