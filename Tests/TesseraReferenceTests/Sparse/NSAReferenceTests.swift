import Testing
import TesseraCore
import TesseraReference

@Suite struct `The oracle of native sparse attention` {
  private func problem(
    _ sizes: (span: Int, stride: Int, block: Int), tokens: Int, heads: Int, kvHeads: Int
  ) throws -> NSAProblem {
    var problem = try NSAProblem(
      q: (try Shape([1, tokens, heads, 4]), .f32), k: (try Shape([1, tokens, kvHeads, 4]), .f32),
      v: (try Shape([1, tokens, kvHeads, 4]), .f32),
      gates: (try Shape([1, tokens, heads, 3]), .f32))
    (problem.span, problem.stride, problem.block) = sizes
    return problem
  }

  /// Overlaps counted in tokens are the definition's numbers of pairs.
  @Test(arguments: [(32, 16, 64), (16, 16, 64), (64, 32, 128), (32, 32, 64)])
  func `maps compressed keys to blocks by their overlap`(
    span: Int, stride: Int, block: Int
  ) throws {
    let tokens = 3 * block + 40
    let problem = try problem((span, stride, block), tokens: tokens, heads: 2, kvHeads: 1)
    let (alpha, beta) = (problem.alpha, problem.beta)
    var weights = [Int](repeating: 0, count: alpha + beta - 1)
    for m in 0..<beta { for n in 0..<alpha { weights[m + n] += 1 } }
    if (span, stride, block) == (32, 16, 64) { #expect(weights == [1, 2, 2, 2, 1]) }
    // Equal scores: every visible key of both heads weighs the same.
    let inputs = NSAInputs(
      q: [Double](repeating: 0, count: tokens * 8), k: [Double](repeating: 1, count: tokens * 4),
      v: [Double](repeating: 1, count: tokens * 4), gates: [Double](repeating: 1, count: tokens * 6))
    let scores = Reference.nsaImportance(problem, inputs).scores
    let blocks = problem.rows.blocks
    for i in 0..<tokens {
      let visible = (0..<problem.compressedLength).count { problem.sees(i, $0) }
      for b in 0..<blocks {
        var expected = 0.0
        for (o, weight) in weights.enumerated() {
          let j = alpha * b - (beta - 1) + o
          if j >= 0, j < visible { expected += 2 * Double(weight) / Double(visible) }
        }
        #expect(abs(scores[i * blocks + b] - expected) < 1e-12, "query \(i), block \(b)")
      }
    }
  }

  @Test func `sums importance over the heads of a group`() throws {
    let problem = try problem((4, 2, 8), tokens: 40, heads: 4, kvHeads: 2)
    var random = SeededRandom(71)
    let k = random.normals(40 * 8).map(Double.init)
    var total = [Double](repeating: 0, count: 2 * 40 * 5)
    let q = random.normals(40 * 16).map(Double.init)
    func importance(_ q: [Double]) -> [Double] {
      Reference.nsaImportance(
        problem, NSAInputs(q: q, k: k, v: k, gates: [Double](repeating: 1, count: 480))
      ).scores
    }
    // Each head alone adds what the other of its group, which knows nothing, adds in any case.
    let none = importance(q.map { _ in 0 })
    for head in 0..<2 {
      let one = importance(q.enumerated().map { $0.offset / 4 % 2 == head ? $0.element : 0 })
      for i in total.indices { total[i] += one[i] - none[i] / 2 }
    }
    #expect(zip(total, importance(q)).allSatisfy { abs($0 - $1) < 1e-12 })
  }

  @Test func `judges lists by the scores that two blocks differ in`() throws {
    let rows = BlockRows(queryLength: 1, keyLength: 5, keyBlock: 1)
    var problem = SelectionProblem(rows: rows, batch: 1, listHeads: 1, rule: .topK(2))
    let scores = [0.5, 1, 1 + 1e-9, 2, .nan]
    func fault(_ list: [Int], _ uncertainty: Double = 0) -> String? {
      Judge.selectionFault(
        problem, row: 0, scores: scores,
        uncertainty: [Double](repeating: uncertainty, count: 5), list: list)
    }
    #expect(fault([2, 3]) == nil)
    #expect(fault([1, 3]) != nil && fault([1, 3], 1e-8) == nil)
    #expect(fault([0, 3], 1e-8) != nil)
    #expect(fault([3, 2]) != nil && fault([3]) != nil && fault([3, 4]) != nil)
    #expect(fault([2, 2]) != nil && fault([1, 2, 3]) != nil)
    problem.initialBlocks = 1
    #expect(fault([2, 3]) != nil && fault([0, 3]) == nil)
    problem.rule = .threshold(1)
    #expect(fault([0, 1, 2, 3]) != nil && fault([0, 3]) == nil)
    (problem.rule, problem.width, problem.initialBlocks) = (.topP(0.4), 5, 0)
    #expect(fault([3]) == nil && fault([2, 3]) != nil && fault([]) != nil)
    (problem.rule) = .relative(0.5)
    #expect(fault([1, 2, 3]) == nil && fault([3]) != nil && fault([0, 1, 2, 3]) != nil)
  }
}
