import Foundation
import TesseraCore
import TesseraReference
import Testing

@Suite struct `Neighborhood attention oracle` {
  /// One batch entry, f32; token axes from `axes`.
  private func problem(
    _ axes: [NeighborhoodProblem.Axis], heads: Int = 1, kvHeads: Int = 1, d: Int = 2, dv: Int = 1,
    extra: Int = 0, scale: Float = 1
  ) throws -> NeighborhoodProblem {
    let lengths = [1] + axes.map(\.length)
    func tensor(_ dimensions: [Int]) throws -> (shape: Shape, dtype: DType) {
      (try Shape(dimensions), .f32)
    }
    return try NeighborhoodProblem(
      q: tensor(lengths + [heads, d]), k: tensor(lengths + [kvHeads, d]),
      v: tensor(lengths + [kvHeads, dv]), extraK: tensor([1, extra, kvHeads, d]),
      extraV: tensor([1, extra, kvHeads, dv]), window: axes.map(\.window),
      stride: axes.map(\.stride), dilation: axes.map(\.dilation), causal: axes.map(\.causal),
      scale: scale)
  }

  @Test func `averages a worked example`() throws {
    // Scores 0 for every key: the output is the mean of the window's values.
    let result = Reference.neighborhoodAttention(
      try problem([.init(length: 4, window: 3)]), q: [Double](repeating: 0, count: 8),
      k: [Double](repeating: 1, count: 8), v: [3, 6, 9, 12])
    #expect(result.o.map { ($0 * 1e12).rounded() / 1e12 } == [6, 6, 9, 9])
    #expect(result.lse.allSatisfy { abs($0 - Foundation.log(3)) < 1e-15 })
    #expect(result.keyCount == [3, 3, 3, 3])
  }

  @Test func `weighs by the exponential of the scaled score`() throws {
    // One axis of two tokens, window 2: scores of query 0 are 0 and 2·ln 3 · 0.5 = ln 3.
    let l = Foundation.log(3.0)
    let result = Reference.neighborhoodAttention(
      try problem([.init(length: 2, window: 2)], d: 1, scale: 0.5), q: [1, 0], k: [0, 2 * l],
      v: [0, 4])
    #expect(abs(result.o[0] - 3) < 1e-14 && abs(result.o[1] - 2) < 1e-14)
    #expect(abs(result.lse[0] - Foundation.log(4)) < 1e-14)
    #expect(abs(result.scoreMagnitude[0] - l) < 1e-14)
  }

  @Test func `joins additional keys in the same softmax and groups heads`() throws {
    let with = try problem(
      [.init(length: 2, window: 1)], heads: 2, kvHeads: 1, d: 1, extra: 1)
    let result = Reference.neighborhoodAttention(
      with, q: [0, 0, 0, 0], k: [0, 0], v: [2, 4], extraK: [0], extraV: [10])
    #expect(result.o == [6, 6, 7, 7])
  }

  @Test func `plain evaluation in f32 is close but not exact`() throws {
    var random = SeededRandom(3)
    let p = try problem(
      [.init(length: 7, window: 5), .init(length: 6, window: 3)], heads: 4, kvHeads: 2, d: 16,
      dv: 8, scale: 0.25)
    let q = random.normals(7 * 6 * 4 * 16).map(Double.init)
    let k = random.normals(7 * 6 * 2 * 16).map(Double.init)
    let v = random.normals(7 * 6 * 2 * 8).map(Double.init)
    let gold = Reference.neighborhoodAttention(p, q: q, k: k, v: v)
    let plain = Reference.plainNeighborhoodAttention(p, q: q, k: k, v: v)
    let verdict = Judge.attention(p, plain, gold: gold, plain: plain)
    #expect(verdict.passed, "\(verdict)")
    #expect(verdict.report.total > 1e-9 && verdict.report.boundRatio < 0.5)
    var wrong = plain
    wrong[100] *= 1.001
    #expect(!Judge.attention(p, wrong, gold: gold, plain: plain).passed)
    let lse = gold.lse.map { Double(Float($0)) }
    #expect(Judge.logSumExp(p, lse, gold: gold).passed)
    #expect(!Judge.logSumExp(p, lse.map { $0 * 1.442695 }, gold: gold).passed)
  }

  @Test func `random generator repeats and has the moments it should`() {
    var (a, b) = (SeededRandom(7), SeededRandom(7))
    let values = a.normals(20_000)
    #expect(values == b.normals(20_000))
    var other = SeededRandom(8)
    #expect(values != other.normals(20_000))
    let mean = values.reduce(0, +) / 20_000
    let variance = values.reduce(0) { $0 + $1 * $1 } / 20_000
    #expect(abs(mean) < 0.03 && abs(variance - 1) < 0.05)
    let integers = a.integers(1000, in: -3...3, nonZero: true)
    #expect(Set(integers) == [-3, -2, -1, 1, 2, 3])
  }
}
