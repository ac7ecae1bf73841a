#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif
import Tessera
import Testing

@Suite("Unfused attention") struct UnfusedAttentionTests {
  private static func values(_ count: Int, _ seed: Int) -> [Float] {
    (0..<count).map { Float(($0 * 37 + seed * 11) % 23 - 11) / 8 }
  }

  @Test(arguments: Devices.backends)
  func `scores, softmax and values are neighborhood attention`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    // Two batch entries, 6 × 5 tokens, 4 query heads over 2 KV heads; one axis causal, one a ring.
    let shape: Shape = [2, 6, 5, 4, 8], small: Shape = [2, 6, 5, 2, 8]
    let q = try Tensor(Self.values(shape.elementCount, 1), shape: shape, on: device)
    let k = try Tensor(Self.values(small.elementCount, 2), shape: small, on: device)
    let v = try Tensor(Self.values(small.elementCount, 3), shape: small, on: device)
    let scores = try device.naQK(
      q, k, window: [3, 4], causal: [true, false], circular: [false, true])
    #expect(scores.shape == [2, 6, 5, 4, 12])
    var weights = try scores.floats()
    for row in stride(from: 0, to: weights.count, by: 12) {
      let peak = weights[row..<(row + 12)].max() ?? 0
      for i in row..<(row + 12) { weights[i] = expf(weights[i] - peak) }
      let total = weights[row..<(row + 12)].reduce(0, +)
      for i in row..<(row + 12) { weights[i] /= total }
    }
    let o = try device.naAV(
      try Tensor(weights, shape: scores.shape, on: device), v, window: [3, 4],
      causal: [true, false], circular: [false, true])
    let fused = try device.neighborhoodAttention(
      q, k, v, window: [3, 4], causal: [true, false], circular: [false, true])
    let worst = zip(try o.floats(), try fused.floats()).map { abs($0 - $1) }.max() ?? 1
    #expect(worst < 2e-6)
  }

  @Test(arguments: Devices.backends)
  func `gradients of the halves are those of products`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    // One key per query, its own: S = q·k, O = w·v.
    let shape: Shape = [1, 3, 1, 2]
    let q = try Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: shape, on: device)
    let k = try Tensor([1, -1, 2, 0, 0, 3] as [Float], shape: shape, on: device)
    let one = try Tensor([1, 10, 100] as [Float], shape: [1, 3, 1, 1], on: device)
    #expect(try device.naQK(q, k, window: [1], scale: 1).floats() == [-1, 6, 18])
    let scores = try device.naQKBackward(
      q, k, scoreGradient: one, window: [1], scale: 2, relativeBias: true)
    #expect(try scores.queries.floats() == [2, -2, 40, 0, 0, 600])
    #expect(try scores.keys.floats() == [2, 4, 60, 80, 1000, 1200])
    #expect(try scores.bias?.floats() == [111])
    #expect(try device.naAV(one, k, window: [1]).floats() == [1, -1, 20, 0, 0, 300])
    let values = try device.naAVBackward(one, k, outputGradient: q, window: [1])
    #expect(try values.weights.floats() == [-1, 6, 18])
    #expect(try values.values.floats() == [1, 2, 30, 40, 500, 600])
  }

  @Test(arguments: Devices.backends)
  func `parts over halves of the keys merge to the whole`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    let (queries, keys): (Shape, Shape) = ([1, 5, 2, 4], [1, 12, 2, 4])
    let q = try Tensor(Self.values(40, 4), shape: queries, on: device)
    let k = try Tensor(Self.values(96, 5), shape: keys, on: device)
    let v = try Tensor(Self.values(96, 6), shape: keys, on: device)
    let whole = try device.attentionWithLSE(q, k, v)
    let parts = try [0..<3, 3..<12].map { range in
      let part = try device.attentionWithLSE(
        q, k.sliced(axis: 1, range), v.sliced(axis: 1, range))
      return (o: part.output, lse: part.logSumExp)
    }
    // A part over no keys: nothing of it counts.
    let nothing = (
      o: try Tensor([Float](repeating: .nan, count: 40), shape: queries, on: device),
      lse: try Tensor([Float](repeating: -.infinity, count: 10), shape: [1, 5, 2], on: device)
    )
    for all in [parts, parts + [nothing]] {
      let merged = try device.mergeAttention(all)
      let worst =
        zip(try merged.output.floats(), try whole.output.floats())
        .map { abs($0 - $1) }.max() ?? 1
      #expect(worst < 2e-6)
      let lse = zip(try merged.logSumExp.floats(), try whole.logSumExp.floats())
      #expect(lse.allSatisfy { abs($0 - $1) < 2e-6 })
    }
    let half = try device.mergeAttention(parts, output: .f16)
    #expect(half.output.dtype == .f16 && half.output.shape == queries)
  }

  @Test func `what does not fit is named before anything is allocated`() throws {
    let device = try Devices.first(.cpu)
    let q = try Tensor(zeros: [1, 6, 2, 4], dtype: .f32, on: device)
    let weights = try Tensor(zeros: [1, 6, 2, 3], dtype: .f32, on: device)
    let short = try Tensor(zeros: [1, 6, 2, 2], dtype: .f32, on: device)
    let lse = try Tensor(zeros: [1, 6, 2], dtype: .f32, on: device)
    let halves = try Tensor(zeros: [1, 6, 2, 4], dtype: .f16, on: device)
    let active = device.memoryStatistics.active
    func fault(_ body: () throws -> Void) -> String {
      do {
        try body()
        return "none"
      } catch { return "\(error)" }
    }
    #expect(fault { _ = try device.naQK(q, short, window: [3]) }.contains("k"))
    #expect(fault { _ = try device.naQK(q, q, window: [7]) }.contains("window"))
    #expect(
      fault { _ = try device.naQKBackward(q, q, scoreGradient: short, window: [3]) }
        .contains("ds"))
    #expect(fault { _ = try device.naAV(short, q, window: [3]) }.contains("weights"))
    #expect(fault { _ = try device.naAV(weights, halves, window: [3]) }.contains("weights"))
    #expect(
      fault { _ = try device.naAVBackward(weights, q, outputGradient: short, window: [3]) }
        .contains("do"))
    #expect(fault { _ = try device.mergeAttention([]) }.contains("parts"))
    #expect(
      fault { _ = try device.mergeAttention([(o: q, lse: lse), (o: halves, lse: lse)]) }
        .contains("o of part 1"))
    #expect(
      fault { _ = try device.mergeAttention([(o: q, lse: q)]) }.contains("lse of part 0"))
    #expect(device.memoryStatistics.active == active)
  }
}
