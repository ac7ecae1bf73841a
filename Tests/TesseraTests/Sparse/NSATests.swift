#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif
import Tessera
import Testing

@Suite("Native sparse attention") struct NSATests {
  private static func values(_ count: Int, _ seed: Int) -> [Float] {
    (0..<count).map { sinf(Float($0 * 37 + seed * 101)) * 2 }
  }

  private static func tensor(_ shape: Shape, _ seed: Int, on device: Device) throws -> Tensor {
    try Tensor(values(shape.elementCount, seed), shape: shape, on: device)
  }

  /// Small sizes with many blocks.
  private static func options(top: Int = 3) -> NSAOptions {
    NSAOptions(span: 4, stride: 2, block: 8, top: top, initial: 1, local: 1, window: 5)
  }

  private func gates(
    _ n: Int, _ heads: Int, _ values: [Float], on device: Device
  ) throws -> Tensor {
    try Tensor(
      (0..<(n * heads)).flatMap { _ in values }, shape: try Shape([1, n, heads, 3]), on: device)
  }

  private func distance(_ a: Tensor, _ b: Tensor) throws -> Float {
    zip(try a.floats(), try b.floats()).map { abs($0 - $1) }.max() ?? 0
  }

  @Test(arguments: Devices.backends)
  func `gates choose the branches`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    let n = 37
    let q = try Self.tensor([1, 37, 4, 8], 1, on: device)
    let k = try Self.tensor([1, 37, 2, 8], 2, on: device)
    let v = try Self.tensor([1, 37, 2, 8], 3, on: device)
    let options = Self.options()
    for (gate, branch) in [[1, 0, 0], [0, 1, 0], [0, 0, 1]].enumerated() {
      let result = try device.nativeSparseAttention(
        q, k, v, gates: try gates(n, 4, branch.map { Float($0) }, on: device), options: options)
      let branches = [result.compressed, result.selected, try #require(result.window)]
      #expect(try distance(result.output, branches[gate]) == 0)
    }
    let result = try device.nativeSparseAttention(
      q, k, v, gates: try gates(n, 4, [1, 1, 1], on: device), options: options)
    // The window branch is dense attention with a window.
    let dense = try device.attention(
      q, k, v, options: AttentionOptions(causal: true, window: (4, 0)))
    #expect(try distance(try #require(result.window), dense) == 0)
    // The selected branch is attention over its lists.
    let listed = try device.blockListAttention(
      q, k, v, lists: result.lists, options: BlockListOptions(causal: true))
    #expect(try distance(result.selected, listed) == 0)
    // Queries before the first compressed key's end see none.
    #expect(try result.compressed.floats().prefix(3 * 4 * 8).allSatisfy { $0 == 0 })
  }

  @Test(arguments: Devices.backends)
  func `with all blocks selected the branch is dense`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    let q = try Self.tensor([1, 37, 4, 8], 4, on: device)
    let k = try Self.tensor([1, 37, 2, 8], 5, on: device)
    let v = try Self.tensor([1, 37, 2, 8], 6, on: device)
    let result = try device.nativeSparseAttention(
      q, k, v, gates: try gates(37, 4, [0, 1, 0], on: device), options: Self.options(top: 5))
    let dense = try device.attention(q, k, v, options: AttentionOptions(causal: true))
    #expect(try distance(result.output, dense) < 2e-6)
  }

  @Test(arguments: Devices.backends)
  func `decoding the last tokens gives what the whole gave`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    let n = 45
    let q = try Self.tensor([1, 45, 4, 8], 7, on: device)
    let k = try Self.tensor([1, 45, 2, 8], 8, on: device)
    let v = try Self.tensor([1, 45, 2, 8], 9, on: device)
    let all = try gates(n, 4, [0.5, 0.25, 1], on: device)
    let whole = try device.nativeSparseAttention(q, k, v, gates: all, options: Self.options())
    for count in [1, 3] {
      let last = (n - count)..<n
      let part = try device.nativeSparseAttention(
        try q.sliced(axis: 1, last), k, v, gates: try all.sliced(axis: 1, last),
        options: Self.options())
      #expect(try distance(part.output, try whole.output.sliced(axis: 1, last)) < 2e-6)
      let lists = try part.lists.indices.host().values(as: Int32.self)
      let own = try whole.lists.indices.sliced(axis: 2, last).host().values(as: Int32.self)
      #expect(lists == own)
    }
  }

  @Test(arguments: Devices.backends)
  func `gradients are those of differences`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    let n = 19
    let (queries, keys): (Shape, Shape) = ([1, 19, 2, 4], [1, 19, 1, 4])
    var inputs = [
      Self.values(queries.elementCount, 1), Self.values(keys.elementCount, 2),
      Self.values(keys.elementCount, 3), Self.values(n * 2 * 3, 4),
    ]
    let shapes: [Shape] = [queries, keys, keys, [1, 19, 2, 3]]
    // All blocks, so that no difference moves a block in or out.
    let options = Self.options(top: 3)
    func tensors() throws -> [Tensor] {
      try zip(inputs, shapes).map { try Tensor($0, shape: $1, on: device) }
    }
    let dO = Self.values(queries.elementCount, 5)
    func loss() throws -> Double {
      let x = try tensors()
      let result = try device.nativeSparseAttention(
        x[0], x[1], x[2], gates: x[3], options: options)
      return zip(try result.output.floats(), dO).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    let x = try tensors()
    let result = try device.nativeSparseAttention(x[0], x[1], x[2], gates: x[3], options: options)
    let gradients = try device.nativeSparseAttentionBackward(
      x[0], x[1], x[2], gates: x[3], result: result,
      outputGradient: try Tensor(dO, shape: queries, on: device), options: options)
    let mine = [gradients.queries, gradients.keys, gradients.values, gradients.gates]
    #expect(gradients.window == nil && gradients.compressed == nil)
    for index in mine.indices {
      let own = try mine[index].floats()
      for at in [0, own.count / 2, own.count - 1] {
        let (step, before) = (Float(0.01), inputs[index][at])
        inputs[index][at] = before + step
        let up = try loss()
        inputs[index][at] = before - step
        let down = try loss()
        inputs[index][at] = before
        let difference = (up - down) / (2 * Double(step))
        #expect(
          abs(difference - Double(own[at])) < 0.01 * max(1, abs(difference)),
          "input \(index), element \(at)")
      }
    }
  }

  @Test func `what does not fit is named before anything is allocated`() throws {
    let device = try Devices.first(.cpu)
    let q = try Tensor(zeros: [1, 8, 4, 4], dtype: .f32, on: device)
    let k = try Tensor(zeros: [1, 8, 2, 4], dtype: .f32, on: device)
    let gates = try Tensor(zeros: [1, 8, 4, 3], dtype: .f32, on: device)
    let active = device.memoryStatistics.active
    func fault(_ gates: Tensor, _ change: (inout NSAOptions) -> Void) -> String {
      var options = Self.options()
      change(&options)
      do {
        _ = try device.nativeSparseAttention(q, k, k, gates: gates, options: options)
        return "none"
      } catch { return "\(error)" }
    }
    #expect(fault(k) { _ in }.contains("gates"))
    #expect(fault(gates) { $0.stride = 3 }.contains("compress_stride"))
    #expect(fault(gates) { $0.block = 2 }.contains("block"))
    #expect(fault(gates) { $0.block = 9 }.contains("block"))
    #expect(fault(gates) { $0.top = 0 }.contains("top"))
    #expect(fault(gates) { $0.window = -1 }.contains("window"))
    #expect(fault(gates) { $0.windowTensors = (q, k) }.contains("k_win"))
    #expect(fault(gates) { $0.compression = .weighted(k) }.contains("compression weights"))
    #expect(fault(gates) { $0.compression = .given(keys: k, values: k) }.contains("k_cmp"))
    #expect(device.memoryStatistics.active == active)
  }
}
