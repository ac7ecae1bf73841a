import Testing
import TesseraCore

@Suite struct ShapeTests {
  @Test func `counts elements and refuses what overflows`() throws {
    #expect(try Shape([2, 3, 4]).elementCount == 24)
    #expect(try Shape([]).elementCount == 1)
    #expect(try Shape([Int.max, 0, Int.max]).elementCount == 0)
    #expect(throws: TesseraError.self) { try Shape([Int.max, 2]) }
    #expect(throws: TesseraError.self) { try Shape([-1]) }
    let large = try Shape([Int.max / 4])
    #expect(throws: TesseraError.self) { try large.byteCount(of: .f64) }
  }

  @Test func `strides are row-major`() throws {
    #expect(try Shape([2, 3, 4]).strides == [12, 4, 1])
  }
}

@Suite struct HostTensorTests {
  @Test func `converts between element types as IEEE does`() throws {
    let values: [Float] = [0, -0.0, 1, -2.5, 65504, 65520, 1e-8, 6e-8, .infinity, 0.1]
    let half = try HostTensor(rounding: values, to: .f16, shape: [10])
    let native = try #require(half.values(as: Float16.self))
    for (value, stored) in zip(values, native) {
      #expect(Float16(value).bitPattern == stored.bitPattern, "\(value)")
    }
    #expect(half.floats().elementsEqual(native.map(Float.init)))
    let integers = try HostTensor(rounding: [300, -5, .nan, 7.9], to: .u8, shape: [4])
    #expect(integers.values(as: UInt8.self) == [255, 0, 0, 7])
  }

  @Test func `every f16 bit pattern survives the way to f32 and back`() throws {
    let all = (0...UInt16.max).map { Float16(bitPattern: $0) }
    let tensor = try HostTensor(all, shape: [65536])
    let back = try #require(
      try HostTensor(rounding: tensor.floats(), to: .f16, shape: [65536]).values(as: Float16.self))
    for (original, returned) in zip(all, back) {
      #expect(original.isNaN ? returned.isNaN : original.bitPattern == returned.bitPattern)
    }
  }

  @Test func `refuses counts that do not match`() {
    #expect(throws: TesseraError.self) { try HostTensor([1, 2, 3] as [Float], shape: [2, 2]) }
  }
}

@Suite struct ProblemTests {
  private func gemm(
    _ a: Shape, _ b: Shape, c: Shape? = nil, bias: Shape? = nil, beta: Float = 0
  ) throws -> GEMMProblem {
    try GEMMProblem(
      a: (a, .f32), b: (b, .f32), c: c.map { ($0, .f32) }, bias: bias.map { ($0, .f32) }, beta: beta)
  }

  @Test func `GEMM broadcasts batches and names what does not fit`() throws {
    let problem = try gemm([5, 1, 2, 3], [4, 3, 7])
    #expect(problem.batch == [5, 4])
    #expect(problem.a.batchStrides == [6, 0])
    #expect(problem.b.batchStrides == [0, 21])
    for (body, word) in [
      ({ try gemm([2, 3], [4, 5]) }, "b"), ({ try gemm([3], [3, 5]) }, "a"),
      ({ try gemm([2, 2, 3], [3, 3, 5]) }, "b"), ({ try gemm([2, 3], [3, 5], c: [2, 4], beta: 1) }, "c"),
      ({ try gemm([2, 3], [3, 5], bias: [4]) }, "bias"), ({ try gemm([2, 3], [3, 5], beta: 2) }, "beta"),
    ] as [(() throws -> GEMMProblem, String)] {
      let error = try #require(throws: TesseraError.self) { try body() }
      #expect(error.code == .invalidArgument && error.message.hasPrefix(word), "\(error)")
    }
  }

  @Test func `neighborhood attention names the parameter that does not fit`() throws {
    func make(
      window: [Int] = [3], stride: [Int] = [1], dilation: [Int] = [1], k: Shape = [1, 8, 2, 4]
    ) throws -> NeighborhoodProblem {
      try NeighborhoodProblem(
        q: ([1, 8, 4, 4], .f32), k: (k, .f32), v: (k, .f32), window: window, stride: stride,
        dilation: dilation)
    }
    #expect(try make().group == 2)
    #expect(try make().scale == 0.5)
    for (body, word) in [
      ({ try make(window: [9]) }, "window"), ({ try make(window: [0]) }, "window"),
      ({ try make(stride: [4]) }, "stride"), ({ try make(dilation: [3]) }, "window"),
      ({ try make(dilation: [9]) }, "dilation"), ({ try make(window: [3, 3]) }, "window"),
      ({ try make(k: [1, 8, 3, 4]) }, "heads"), ({ try make(k: [1, 7, 2, 4]) }, "k"),
    ] as [(() throws -> NeighborhoodProblem, String)] {
      let error = try #require(throws: TesseraError.self) { try body() }
      #expect(error.code == .invalidArgument && error.message.hasPrefix(word), "\(error)")
    }
  }
}
