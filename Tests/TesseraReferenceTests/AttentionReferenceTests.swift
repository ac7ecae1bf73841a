import Foundation
import TesseraCore
import TesseraReference
import Testing

@Suite struct `Attention oracle` {
  /// A problem with the tensors it needs.
  struct Case {
    var problem: AttentionProblem
    var q: [Double]
    var k: [Double]
    var v: [Double]
    var dO: [Double]
    var alibi: [Double] = []
    var cuQ: [Int] = []
    var cuK: [Int] = []

    /// Normal values for a problem of these sizes; `shape` sets what else it should have.
    init(
      _ seed: UInt64, batch: Int = 2, nq: Int = 3, nk: Int = 4, heads: Int = 2, kvHeads: Int = 2,
      d: Int = 3, dv: Int = 3, cuQ: [Int] = [], cuK: [Int] = [],
      shape: (inout AttentionProblem) -> Void = { _ in }
    ) throws {
      func tensor(_ dimensions: [Int], _ dtype: DType = .f32) throws -> (shape: Shape, dtype: DType)
      {
        (try Shape(dimensions), dtype)
      }
      let lead = cuQ.isEmpty ? [batch] : []
      let lengths: (shape: Shape, dtype: DType)? =
        cuQ.isEmpty ? nil : try tensor([cuQ.count], .i32)
      problem = try AttentionProblem(
        q: tensor(lead + [nq, heads, d]), k: tensor(lead + [nk, kvHeads, d]),
        v: tensor(lead + [nk, kvHeads, dv]), cuQ: lengths, cuK: lengths)
      shape(&problem)
      var random = SeededRandom(seed)
      q = random.doubles(problem.queryTokens * heads * d)
      k = random.doubles(problem.keyTokens * kvHeads * d)
      v = random.doubles(problem.keyTokens * kvHeads * dv)
      dO = random.doubles(problem.queryTokens * heads * dv)
      if problem.alibi { alibi = (0..<heads).map { 0.5 / Double($0 + 1) } }
      (self.cuQ, self.cuK) = (cuQ, cuK)
    }

    var forward: AttentionOracle {
      Reference.attention(problem, q: q, k: k, v: v, alibi: alibi, cuQ: cuQ, cuK: cuK)
    }
    var backward: AttentionGradients {
      Reference.attentionBackward(
        problem, q: q, k: k, v: v, alibi: alibi, cuQ: cuQ, cuK: cuK, dO: dO)
    }
  }

  static func cases() throws -> [(String, Case)] {
    [
      ("plain", try Case(1)),
      ("grouped heads", try Case(2, heads: 6, kvHeads: 2)),
      ("one KV head", try Case(3, heads: 3, kvHeads: 1)),
      ("D and Dv differ", try Case(4, d: 5, dv: 2)),
      ("soft-cap", try Case(5) { $0.softCap = 0.7 }),
      ("ALiBi", try Case(6) { $0.alibi = true }),
      ("window", try Case(7, nq: 5, nk: 6) { ($0.windowLeft, $0.windowRight) = (1, 2) }),
      ("causal", try Case(8, nq: 4, nk: 4) { $0.causal = true }),
      ("causal, more keys", try Case(9, nq: 2, nk: 5) { $0.causal = true }),
      ("causal, empty rows", try Case(10, nq: 5, nk: 2) { $0.causal = true }),
      (
        "top-left causal window",
        try Case(11, nq: 3, nk: 5) {
          ($0.causal, $0.alignment, $0.windowLeft) = (true, .topLeft, 1)
        }
      ),
      (
        "packed",
        try Case(12, nq: 6, nk: 7, heads: 4, kvHeads: 2, cuQ: [0, 2, 2, 5], cuK: [0, 3, 5, 6]) {
          ($0.causal, $0.alibi) = (true, true)
        }
      ),
      (
        "everything",
        try Case(13, nq: 4, nk: 6, heads: 4, kvHeads: 2, d: 4, dv: 3) {
          ($0.causal, $0.alibi, $0.softCap, $0.windowLeft, $0.scale) = (true, true, 1.5, 3, -0.4)
        }
      ),
    ]
  }

  @Test func `has the gradients that central differences have`() throws {
    for (name, c) in try Self.cases() {
      let gradients = c.backward
      for (tensor, gradient, path) in [
        ("dq", gradients.dq, \Case.q), ("dk", gradients.dk, \Case.k), ("dv", gradients.dv, \Case.v),
      ] as [(String, Gradient, WritableKeyPath<Case, [Double]>)] {
        let error = GradientCheck.error(of: gradient.values, at: c[keyPath: path]) { x in
          var moved = c
          moved[keyPath: path] = x
          return GradientCheck.dot(moved.forward.o, c.dO)
        }
        #expect(error < 1e-6, "\(name), \(tensor)")
        #expect(gradient.values.contains { $0 != 0 }, "\(name), \(tensor)")
      }
    }
  }

  @Test func `agrees with a worked example`() throws {
    // Scores ln 3 and 0: weights 3/4 and 1/4. dP = 8 and 0, δ = 6: dS = 1.5 and −1.5.
    var c = try Case(1, batch: 1, nq: 1, nk: 2, heads: 1, kvHeads: 1, d: 1, dv: 1) {
      $0.scale = 0.5
    }
    (c.q, c.k, c.v, c.dO) = ([1], [2 * Foundation.log(3), 0], [8, 0], [1])
    let (forward, backward) = (c.forward, c.backward)
    #expect(abs(forward.o[0] - 6) < 1e-14 && abs(forward.lse[0] - Foundation.log(4)) < 1e-14)
    #expect(zip(backward.dk.values, [0.75, -0.75]).allSatisfy { abs($0 - $1) < 1e-14 })
    #expect(abs(backward.dq.values[0] - 1.5 * Foundation.log(3)) < 1e-14)
    #expect(zip(backward.dv.values, [0.75, 0.25]).allSatisfy { abs($0 - $1) < 1e-14 })
  }

  @Test func `subtracts the slope times the distance and caps before that`() throws {
    var c = try Case(1, batch: 1, nq: 1, nk: 3, heads: 1, kvHeads: 1, d: 1, dv: 1) {
      ($0.alibi, $0.softCap, $0.scale) = (true, 2, 1)
    }
    (c.q, c.k, c.v, c.alibi) = ([1], [5, 5, 5], [1, 10, 100], [0.5])
    let cap = 2 * Foundation.tanh(2.5)
    // The one query stands at the last key.
    let weights = [2.0, 1, 0].map { Foundation.exp(cap - 0.5 * $0) }
    let total = weights.reduce(0, +)
    #expect(abs(c.forward.lse[0] - Foundation.log(total)) < 1e-14)
    #expect(abs(c.forward.o[0] - GradientCheck.dot(weights, c.v) / total) < 1e-12)
    c.problem.alignment = .topLeft
    // Now it stands at the first: the same weights, the other way round.
    #expect(abs(c.forward.o[0] - GradientCheck.dot(weights.reversed(), c.v) / total) < 1e-12)
  }

  @Test func `leaves rows without keys empty`() throws {
    let c = try Case(10, batch: 1, nq: 5, nk: 2, heads: 1, kvHeads: 1) { $0.causal = true }
    let (forward, backward) = (c.forward, c.backward)
    #expect(forward.keyCount == [0, 0, 0, 1, 2])
    #expect(forward.lse[0..<3].allSatisfy { $0 == -.infinity })
    #expect(forward.o[0..<9].allSatisfy { $0 == 0 })
    #expect(backward.dq.values[0..<9].allSatisfy { $0 == 0 })
    #expect(backward.dk.values.allSatisfy { $0.isFinite })
    let none = try Case(11, nq: 2, nk: 0)
    #expect(none.forward.o.allSatisfy { $0 == 0 } && none.backward.dq.values.allSatisfy { $0 == 0 })
    #expect(none.forward.lse == [Double](repeating: -.infinity, count: 8))
  }

  @Test func `treats packed sequences as separate problems`() throws {
    let (cuQ, cuK) = ([0, 2, 2, 5], [0, 3, 5, 6])
    let packed = try Case(12, nq: 6, nk: 7, cuQ: cuQ, cuK: cuK) { $0.causal = true }
    let (whole, gradients) = (packed.forward, packed.backward)
    let width = 6
    for sequence in 0..<3 {
      let (queries, keys) = (
        cuQ[sequence]..<cuQ[sequence + 1], cuK[sequence]..<cuK[sequence + 1]
      )
      var one = try Case(1, batch: 1, nq: queries.count, nk: keys.count) { $0.causal = true }
      func part(_ x: [Double], _ range: Range<Int>) -> [Double] {
        Array(x[(range.lowerBound * width)..<(range.upperBound * width)])
      }
      (one.q, one.dO) = (part(packed.q, queries), part(packed.dO, queries))
      (one.k, one.v) = (part(packed.k, keys), part(packed.v, keys))
      #expect(one.forward.o == part(whole.o, queries))
      #expect(one.backward.dq.values == part(gradients.dq.values, queries))
      #expect(one.backward.dk.values == part(gradients.dk.values, keys))
      #expect(one.backward.dv.values == part(gradients.dv.values, keys))
    }
    // Tokens past the last sequence belong to none.
    #expect(whole.lse[10...] == [-.infinity, -.infinity])
    #expect(gradients.dk.values[(6 * width)...].allSatisfy { $0 == 0 })
  }

  @Test func `repeats KV heads for groups of query heads`() throws {
    let c = try Case(3, heads: 4, kvHeads: 2, d: 3, dv: 2)
    var repeated = try Case(3, heads: 4, kvHeads: 4, d: 3, dv: 2)
    func twice(_ x: [Double], _ length: Int) -> [Double] {
      stride(from: 0, to: x.count, by: length).flatMap {
        x[$0..<($0 + length)] + x[$0..<($0 + length)]
      }
    }
    (repeated.q, repeated.dO) = (c.q, c.dO)
    (repeated.k, repeated.v) = (twice(c.k, 3), twice(c.v, 2))
    #expect(c.forward.o == repeated.forward.o)
    let (own, all) = (c.backward.dk.values, repeated.backward.dk.values)
    for head in 0..<(own.count / 3) {
      for i in 0..<3 {
        #expect(abs(own[head * 3 + i] - all[head * 6 + i] - all[head * 6 + 3 + i]) < 1e-14)
      }
    }
  }

  @Test func `merges parts over disjoint keys to the whole`() throws {
    let whole = try Case(21, batch: 1, nq: 4, nk: 5, heads: 1, kvHeads: 1, d: 3, dv: 2) {
      ($0.causal, $0.alignment) = (true, .topLeft)
    }
    var parts: [(o: [Double], lse: [Double])] = []
    for keys in [0..<2, 2..<3, 3..<5] {
      var o: [Double] = []
      var lse: [Double] = []
      for i in 0..<4 {
        let seen = keys.filter { $0 <= i }
        var one = try Case(1, batch: 1, nq: 1, nk: seen.count, heads: 1, kvHeads: 1, d: 3, dv: 2)
        one.q = Array(whole.q[(3 * i)..<(3 * i + 3)])
        one.k = seen.flatMap { whole.k[(3 * $0)..<(3 * $0 + 3)] }
        one.v = seen.flatMap { whole.v[(2 * $0)..<(2 * $0 + 2)] }
        o += one.forward.o
        lse += one.forward.lse
      }
      parts.append((o, lse))
    }
    let merged = Reference.merge(parts)
    #expect(zip(merged.o, whole.forward.o).allSatisfy { abs($0 - $1) < 1e-14 })
    #expect(zip(merged.lse, whole.forward.lse).allSatisfy { abs($0 - $1) < 1e-14 })
    let nothing = Reference.merge([([.nan, 3], [-.infinity]), ([1, 2], [-.infinity])])
    #expect(nothing.o == [0, 0] && nothing.lse == [-.infinity])
  }
}
