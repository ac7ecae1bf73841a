package import Tessera
package import TesseraCore
package import TesseraKernels
import TesseraReference

/// Selection of blocks, from given scores or fused with the scores of queries and keys.
package struct SelectBlocksCase: ConformanceCase {
  package let problem: SelectionProblem
  /// nil: `first` holds scores; else it holds q, and `second` k.
  package let scoring: BlockScoreProblem?
  private let first: HostTensor
  private let second: HostTensor?

  init(_ variant: ConformanceVariant, _ random: inout SeededRandom) throws(TesseraError) {
    var variant = variant
    let dtype = variant.dtype
    let ruleKind = variant.index / 3 % 4
    let (initial, local) = random.pick([(0, 0), (1, 2), (0, 1), (3, 0), (4, 9)])
    let k = max(initial + local, random.pick([0, 1, 2, 4, 16, 40]))
    let rule: SelectionProblem.Rule =
      switch ruleKind {
      case 0, 1: .topK(k)
      case 2: .threshold(Float(random.integer(in: -4...4)) / 4)
      default: .relative(Float(random.integer(in: 0...8)) / 8)
      }
    let queryBlock = random.pick([1, 1, 4, 64]), keyBlock = random.pick([1, 4, 16, 64])
    let causal = random.once(in: 2)
    let alignment: AttentionProblem.Alignment = random.pick([.bottomRight, .topLeft])
    let width = random.once(in: 3) ? k + random.integer(in: 0...5) : nil
    if variant.index % 2 == 0 {
      let shape = try Shape([
        random.pick([1, 1, 2]), random.integer(in: 1...3), random.pick([1, 5, 33, 64]),
        random.pick([1, 2, 63, 64, 65, 129, 300, 700]),
      ])
      first = try HostTensor(
        rounding: Self.scores(shape.elementCount, &random), to: dtype, shape: shape)
      second = nil
      scoring = nil
      problem = try SelectionProblem(
        scores: first.described, rule: rule, width: width, initialBlocks: initial,
        localBlocks: local, queryBlock: queryBlock, keyBlock: keyBlock, causal: causal,
        alignment: alignment)
    } else {
      let headDim = variant.pick([16, 64, 5, 128])
      let group = random.pick([1, 2, 5, 8]), kvHeads = random.integer(in: 1...2)
      let (nq, nk) = random.pick([(1, 300), (50, 50), (33, 203), (64, 40)])
      first = try random.tensor([1, nq, kvHeads * group, headDim], dtype, deviation: 2)
      second = try random.tensor([1, nk, kvHeads, headDim], dtype)
      let scoring = try BlockScoreProblem(
        q: first.described, k: second?.described ?? first.described, queryBlock: queryBlock,
        keyBlock: keyBlock, reduction: BlockScoreProblem.Reduction.allCases[variant.index / 2 % 4],
        causal: causal, alignment: alignment)
      self.scoring = scoring
      problem = scoring.selection(
        rule, width: width, initialBlocks: initial, localBlocks: local)
      try problem.validate()
    }
  }

  /// Normal values, or few distinct ones; some NaN and infinite.
  private static func scores(_ count: Int, _ random: inout SeededRandom) -> [Float] {
    let coarse = random.once(in: 3)
    return (0..<count).map { _ in
      if random.once(in: 20) { return random.pick([.nan, -.infinity, .infinity, 0, -0.0]) }
      return coarse ? Float(random.integer(in: -3...3)) : Float(random.normal())
    }
  }

  package var inputs: [HostTensor?] { scoring == nil ? [first] : [first, second] }

  package func outputs() throws(TesseraError) -> [ConformanceOutput?] {
    [
      try ConformanceOutput(.i32, problem.indexDimensions),
      try ConformanceOutput(.i32, problem.countDimensions),
    ]
  }

  package var summary: String { "\(problem)\(scoring.map { " of \($0)" } ?? "")" }

  package func prepare(on device: Device) throws(TesseraError) -> PreparedPlan {
    guard let scoring else { return try device.preparedPlan(problem) }
    return try device.preparedPlan(scoring, selecting: problem)
  }

  package func verify(_ results: [HostTensor]) throws(TesseraError) -> Verification {
    guard let scoring, let second else {
      return Verifier.selection(
        problem, scores: first, indices: results[0], counts: results[1])
    }
    return Verifier.selection(
      scoring, problem, q: first, k: second, indices: results[0], counts: results[1])
  }
}
