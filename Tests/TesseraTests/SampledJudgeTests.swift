import Tessera
@testable import TesseraBench
import TesseraConformance
import TesseraCore
import TesseraReference
import Testing

/// The oracle of single rows and pairs, which judges attentions too large to be computed whole.
@Suite("Sampled judge") struct SampledJudgeTests {
  @Test func `rows and pairs agree with the whole oracle`() throws {
    var random = SeededRandom(3)
    let (n, d) = (12, 8)
    let shape = try Shape([1, n, 1, d])
    let problem = try AttentionProblem(
      q: (shape, .f32), k: (shape, .f32), v: (shape, .f32), causal: true, windowLeft: 5, softCap: 2)
    func draw() -> [Double] { random.normals(n * d).map(Double.init) }
    let (q, k, v, dO) = (draw(), draw(), draw(), draw())
    let whole = Reference.attention(problem, q: q, k: k, v: v)
    let gradients = Reference.attentionBackward(problem, q: q, k: k, v: v, dO: dO)
    let head = AttentionHead(
      headDim: d, valueDim: d, scale: problem.scale, softCap: 2, dtype: .f32, outputDType: .f32)
    let keys = (0..<n).map { Array(problem.visibleKeys(of: $0, queries: n, keys: n)) }
    func near(_ a: [Double], _ b: [Double]) -> Bool {
      a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-12 }
    }
    let rows = Reference.attention(ofRows: keys, head, q: q, k: k, v: v)
    #expect(near(rows.o, whole.o) && near(rows.lse, whole.lse))
    let pairs = Reference.gradients(
      ofPairs: keys, head, q: q, k: k, v: v, o: whole.o, lse: whole.lse, dO: dO)
    #expect(near(pairs.dq.values, gradients.dq.values) && near(pairs.dk.values, gradients.dk.values))
    #expect(near(pairs.dv.values, gradients.dv.values))
    #expect(near(pairs.dq.noise, gradients.dq.noise) && near(pairs.dv.noise, gradients.dv.noise))
  }

  @Test func `queries of a key are those whose keys it is among`() throws {
    var random = SeededRandom(4)
    for _ in 0..<40 {
      let lengths = (0..<random.integer(in: 1...3)).map { _ in random.integer(in: 1...7) }
      let dilation = lengths.map { random.integer(in: 1...$0) }
      let window = zip(lengths, dilation).map { random.integer(in: 1...($0 / $1)) }
      let shape = try Shape([1] + lengths + [1, 4])
      let problem = try NeighborhoodProblem(
        q: (shape, .f32), k: (shape, .f32), v: (shape, .f32), window: window,
        stride: window.map { random.integer(in: 1...$0) }, dilation: dilation,
        causal: lengths.map { _ in random.integer(in: 0...1) == 1 })
      let attention = BenchAttention.neighborhood(problem)
      let sets = Reference.neighborhoodKeySets(problem.axes)
      for token in 0..<problem.tokens {
        #expect(attention.keys(of: token, entry: 0, head: 0) == sets[token].sorted(), "\(problem)")
        let attending = sets.indices.filter { sets[$0].contains(token) }
        #expect(attention.queries(of: token, entry: 0, head: 0) == attending, "\(problem)")
      }
    }
  }

  @Test func `a wrong row of a large attention is seen`() throws {
    let device = try Devices.own(.cpu)
    // Too large for the whole oracle: samples decide, and they hold the first and the last token.
    let shape = try Shape([1, 2048, 2, 64])
    let problem = try AttentionProblem(q: (shape, .f32), k: (shape, .f32), v: (shape, .f32))
    let good = try AttentionData(.dense(problem), backward: true, seed: 5, on: device)
    let (q, k, v) = (good.inputs[0], good.inputs[1], good.inputs[2])
    let forward = try device.attentionWithLSE(q, k, v)
    let gradients = try device.attentionBackward(
      q, k, v, output: forward.output, logSumExp: forward.logSumExp,
      outputGradient: good.inputs[3])
    func judged(_ dK: Tensor) throws -> Bool {
      let data = AttentionData(
        attention: .dense(problem), host: good.host, inputs: good.inputs, o: forward.output,
        lse: forward.logSumExp, gradients: [gradients.queries, dK, gradients.values])
      let judge = try AttentionJudge(data, seed: 5)
      return try judge.forward().and(judge.backward()).passed
    }
    #expect(try judged(gradients.keys))
    var wrong = try gradients.keys.floats()
    wrong[wrong.count - 1] += 1
    #expect(try !judged(try Tensor(wrong, shape: shape, on: device)))
  }
}
