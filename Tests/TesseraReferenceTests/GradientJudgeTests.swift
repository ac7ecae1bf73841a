import TesseraCore
import TesseraReference
import Testing

@Suite struct `Gradient judge` {
  private func problem(_ n: Int, _ d: Int, dtype: DType = .f32) throws -> AttentionProblem {
    let shape = try Shape([1, n, 2, d])
    return try AttentionProblem(
      q: (shape, dtype), k: (shape, dtype), v: (shape, dtype), causal: true)
  }

  @Test func `passes a plain evaluation and fails small mistakes`() throws {
    var random = SeededRandom(5)
    let (n, d) = (24, 16)
    let p = try problem(n, d)
    let (q, k, v, dO) = (
      random.doubles(n * 2 * d), random.doubles(n * 2 * d), random.doubles(n * 2 * d),
      random.doubles(n * 2 * d)
    )
    let gold = Reference.attentionBackward(p, q: q, k: k, v: v, dO: dO)
    let plain = Reference.plainAttentionBackward(p, q: q, k: k, v: v, dO: dO)
    for (name, path) in [
      ("dq", \AttentionGradients.dq), ("dk", \.dk), ("dv", \.dv),
    ] as [(String, KeyPath<AttentionGradients, Gradient>)] {
      let (g, x) = (gold[keyPath: path], plain[keyPath: path].values)
      let verdict = Judge.gradient(x, gold: g, plain: x, rowLength: d, dtype: .f32)
      #expect(verdict.passed && verdict.report.total > 1e-9, "\(name): \(verdict)")
      // Query 0 sees one key: its dQ cancels to nothing, and only noise is left to compare with.
      #expect(verdict.report.worstRow < 6e-6, "\(name): \(verdict)")
      func fails(_ wrong: [Double]) -> Bool {
        !Judge.gradient(wrong, gold: g, plain: x, rowLength: d, dtype: .f32).passed
      }
      #expect(fails(x.map { $0 * 1.00002 }), "\(name): scale")
      var wrong = x
      wrong[n * d + 3] += 1e-3
      #expect(fails(wrong), "\(name): one element")
      wrong = x
      wrong[7] = .nan
      #expect(fails(wrong), "\(name): NaN")
      #expect(fails(Array(x.dropLast())), "\(name): count")
    }
  }

  @Test func `allows the rounding of storage types, and not much more`() throws {
    var random = SeededRandom(6)
    let (n, d) = (16, 8)
    for dtype in [DType.f16, .bf16] {
      let p = try problem(n, d, dtype: dtype)
      func stored() throws -> [Double] {
        let values = random.normals(n * 2 * d)
        return try HostTensor(rounding: values, to: dtype, shape: Shape([n * 2 * d])).doubles()
      }
      let (q, k, v, dO) = (try stored(), try stored(), try stored(), try stored())
      let gold = Reference.attentionBackward(p, q: q, k: k, v: v, dO: dO).dk
      let plain = Reference.plainAttentionBackward(p, q: q, k: k, v: v, dO: dO).dk.values
      func passes(_ x: [Double]) -> Bool {
        Judge.gradient(x, gold: gold, plain: plain, rowLength: d, dtype: dtype).passed
      }
      #expect(passes(plain))
      #expect(passes(plain.map { $0 * (1 + dtype.unitRoundoff) }))
      #expect(!passes(plain.map { $0 * (1 + 16 * dtype.unitRoundoff) }))
    }
  }

  @Test func `of dense attention outputs passes a plain evaluation only`() throws {
    var random = SeededRandom(9)
    let (n, d) = (20, 16)
    let p = try problem(n, d)
    let (q, k, v) = (
      random.doubles(n * 2 * d), random.doubles(n * 2 * d), random.doubles(n * 2 * d)
    )
    let gold = Reference.attention(p, q: q, k: k, v: v)
    let plain = Reference.plainAttention(p, q: q, k: k, v: v)
    #expect(Judge.attention(p, plain, gold: gold, plain: plain).passed)
    #expect(!Judge.attention(p, plain.map { $0 * 1.0001 }, gold: gold, plain: plain).passed)
    #expect(Judge.logSumExp(p, gold.lse.map { Double(Float($0)) }, gold: gold).passed)
    #expect(!Judge.logSumExp(p, gold.lse.map { $0 + 1e-3 }, gold: gold).passed)
  }
}
