import TesseraCore
import TesseraHAL
@testable import TesseraVulkan
import Testing

/// Modules that disagree with their signature do not become kernels.
@Suite struct SignatureTests {
  private func log(_ signature: KernelSignature, _ words: [UInt32]? = nil) throws -> String {
    var log = ""
    try Mode.validated.withDevice { device in
      let words = try words ?? GLSL.words(GLSL.saxpy)
      let error = #expect(throws: TesseraError.self) {
        try device.makeKernel(
          .spirv(words: words, specialization: [.init(id: 0, value: 64)]), signature: signature,
          binary: nil)
      }
      #expect(error?.code == .compile)
      #expect(error?.message.contains(signature.name) == true)
      log = error?.log ?? ""
    }
    return log
  }

  @Test func `a binding without a slot`() throws {
    var signature = KernelSignature.saxpy()
    signature.slots.removeLast()
    #expect(try log(signature).contains("binding 1: the signature has 1 slots"))
  }

  @Test func `a store through a slot declared as read only`() throws {
    let found = try log(.saxpy(y: .read))
    #expect(found.contains("binding 1 (y): written"))
    #expect(!found.contains("binding 0"))
  }

  @Test func `fewer constant bytes than the module reads`() throws {
    #expect(try log(.saxpy(constantBytes: 4)).contains("reads 8 bytes"))
  }

  @Test func `another workgroup size than the specialized one`() throws {
    #expect(try log(.saxpy(workgroup: 32)).contains("[64, 1, 1] in the module, [32, 1, 1]"))
  }

  @Test func `atomics and stores into members count as writes`() throws {
    let source = """
      #version 460
      layout(local_size_x = 64) in;
      struct Pair { uint low; uint high[2]; };
      layout(set = 0, binding = 0) buffer A { uint a[]; };
      layout(set = 0, binding = 1) buffer B { Pair b[]; };
      layout(set = 0, binding = 2) buffer C { Pair c[]; };
      void main() {
        atomicAdd(a[0], 1u);
        b[gl_LocalInvocationIndex].high[1] = c[0].low;
      }
      """
    let signature = KernelSignature(
      name: "pairs", slots: [.init("a", .read), .init("b", .read), .init("c", .read)],
      workgroup: [64, 1, 1])
    let found = try log(signature, GLSL.words(source))
    #expect(found.split(separator: "\n").count == 2)
    #expect(found.contains("(a): written") && found.contains("(b): written"))
  }

  @Test func `resources that are not storage buffers of set 0`() throws {
    let source = """
      #version 460
      layout(local_size_x = 64) in;
      layout(set = 0, binding = 0) uniform A { uint a; };
      layout(set = 1, binding = 1) buffer B { uint b[]; };
      void main() { b[0] = a; }
      """
    let signature = KernelSignature(
      name: "sets", slots: [.init("a", .read), .init("b", .write)], workgroup: [64, 1, 1])
    let found = try log(signature, GLSL.words(source))
    #expect(found.contains("set 0 binding 0: only storage buffers"))
    #expect(found.contains("set 1 binding 1: only storage buffers"))
  }

  @Test func `words that are not a module`() throws {
    let words = try GLSL.words(GLSL.saxpy)
    #expect(try log(.saxpy(), []).contains("not SPIR-V"))
    #expect(try log(.saxpy(), Array(words.dropFirst())).contains("not SPIR-V"))
    // The module ends in a label of two words, a return and the function's end.
    #expect(try log(.saxpy(), Array(words.dropLast(2))).contains("no end"))
    #expect(try log(.saxpy(), Array(words.dropLast(3))).contains("cut off"))
    // A length of zero must not stop the reader from getting on.
    #expect(try log(.saxpy(), Array(words.prefix(5)) + [0, 0, 0]).contains("cut off"))
  }

  @Test func `more slots or constants than the device takes`() throws {
    try Mode.plain.withDevice { device in
      var signature = KernelSignature.saxpy(constantBytes: 1 << 20)
      var error = #expect(throws: TesseraError.self) {
        try device.makeKernel(
          .spirv(words: GLSL.words(GLSL.saxpy), specialization: [.init(id: 0, value: 64)]),
          signature: signature, binary: nil)
      }
      #expect(error?.code == .overLimit)
      signature = .saxpy()
      signature.slots += (0..<4096).map { .init("extra\($0)", .read) }
      error = #expect(throws: TesseraError.self) {
        try device.makeKernel(
          .spirv(words: GLSL.words(GLSL.saxpy), specialization: [.init(id: 0, value: 64)]),
          signature: signature, binary: nil)
      }
      #expect(error?.code == .overLimit)
    }
  }

  @Test func `no damage to a module stops the reader`() throws {
    let words = try GLSL.words(GLSL.saxpy)
    let entry = try SPIRVModule(words).check(.saxpy(), [.init(id: 0, value: 64)])
    #expect(entry == "main")
    var random: UInt64 = 1
    func next(_ limit: Int) -> Int {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(random >> 33) % limit
    }
    var refused = 0
    for _ in 0..<3000 {
      var damaged = words
      for _ in 0...next(4) {
        let place = next(words.count)
        damaged[place] = next(2) == 0 ? words[next(words.count)] : UInt32(next(1 << 31)) &* 2
      }
      do {
        _ = try SPIRVModule(damaged).check(.saxpy(), [.init(id: 0, value: 64)])
      } catch {
        refused += 1
      }
    }
    #expect(refused > 1000)
  }

  @Test func `constants larger than the module reads, in odd numbers, are passed on`() throws {
    let source = """
      #version 460
      layout(local_size_x = 1) in;
      layout(set = 0, binding = 0) buffer A { uint a[]; };
      layout(push_constant) uniform Constants { uint value; };
      void main() { a[0] = value; }
      """
    try Mode.validated.withDevice { device in
      let kernel = try device.makeKernel(
        .spirv(words: GLSL.words(source), specialization: []),
        signature: KernelSignature(
          name: "odd", slots: [.init("a", .write), .init("unused", .read)], constantBytes: 7),
        binary: nil)
      let buffer = try device.staging([0, 0] as [UInt32])
      let constants: [UInt8] = [1, 2, 3, 4, 5, 6, 7]
      try device.run { encoder in
        let bindings = [
          Binding(buffer, offset: 0, byteCount: 8), Binding(buffer, offset: 0, byteCount: 8),
        ]
        try constants.withUnsafeBytes { bytes in
          try bindings.withUnsafeBufferPointer {
            try encoder.dispatch(kernel, groups: GridSize(1), constants: bytes, bindings: $0)
          }
        }
      }
      let found = try buffer.values(UInt32.self, count: 2)
      #expect(found == [0x0403_0201, 0])
    }
  }

  @Test func `a subgroup size is taken where the device has it`() throws {
    try Mode.validated.withDevice { device in
      func build(_ size: Int) throws -> any HALKernel {
        var signature = KernelSignature.saxpy()
        signature.subgroupSize = size
        return try device.makeKernel(
          .spirv(words: GLSL.words(GLSL.saxpy), specialization: [.init(id: 0, value: 64)]),
          signature: signature, binary: nil)
      }
      let largest = device.capabilities.maxSubgroupSize
      let kernel = try build(largest)
      #expect(kernel.resources.preferredMultiple == largest)
      let error = #expect(throws: TesseraError.self) { try build(2 * largest) }
      #expect(error?.code == .unsupported)
    }
  }

  @Test func `source of another back-end is not supported`() throws {
    try Mode.plain.withDevice { device in
      let error = #expect(throws: TesseraError.self) {
        try device.makeKernel(
          .openCL(source: "", defines: [], options: ""), signature: .saxpy(), binary: nil)
      }
      #expect(error?.code == .unsupported)
    }
  }
}
