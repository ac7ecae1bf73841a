package import TesseraCore

extension Reference {
  /// Dense attention in f64, as `AttentionProblem` defines it, over contiguous tensors.
  ///
  /// `alibi` holds the slopes if the problem has them, `cuQ` and `cuK` the cumulative lengths if it is
  /// packed.
  package static func attention(
    _ problem: AttentionProblem, q: [Double], k: [Double], v: [Double], alibi: [Double] = [],
    cuQ: [Int] = [], cuK: [Int] = []
  ) -> AttentionOracle {
    AttentionRows<Double>(problem, q, k, v, alibi, cuQ, cuK).forward()
  }

  /// The gradients of `Σ dO·O`; `dO` is in the layout of O.
  package static func attentionBackward(
    _ problem: AttentionProblem, q: [Double], k: [Double], v: [Double], alibi: [Double] = [],
    cuQ: [Int] = [], cuK: [Int] = [], dO: [Double]
  ) -> AttentionGradients {
    AttentionRows<Double>(problem, q, k, v, alibi, cuQ, cuK).backward(dO: dO)
  }

  /// O evaluated plainly in f32, P and O rounded to storage types: the yardstick of the error judge.
  package static func plainAttention(
    _ problem: AttentionProblem, q: [Double], k: [Double], v: [Double], alibi: [Double] = [],
    cuQ: [Int] = [], cuK: [Int] = []
  ) -> [Double] {
    AttentionRows<Float>(problem, q, k, v, alibi, cuQ, cuK).forward(weights: problem.dtype).o
      .map(problem.outputDType.nearest)
  }

  /// The gradients evaluated plainly in f32 and rounded to their storage type.
  package static func plainAttentionBackward(
    _ problem: AttentionProblem, q: [Double], k: [Double], v: [Double], alibi: [Double] = [],
    cuQ: [Int] = [], cuK: [Int] = [], dO: [Double]
  ) -> AttentionGradients {
    AttentionRows<Float>(problem, q, k, v, alibi, cuQ, cuK).backward(dO: dO)
      .stored(as: problem.dtype)
  }

  /// One attention from parts over disjoint keys: `LSE = ln Σ exp LSE_i`,
  /// `O = Σ exp(LSE_i − LSE)·O_i`.
  ///
  /// All parts have as many rows; the length of a row of O follows from the counts. A part whose LSE
  /// is −inf contributes nothing, whatever its O holds; if all are, O is 0 and LSE −inf.
  package static func merge(
    _ parts: [(o: [Double], lse: [Double])]
  ) -> (o: [Double], lse: [Double]) {
    guard let first = parts.first else { return ([], []) }
    var o = [Double](repeating: 0, count: first.o.count)
    var lse = [Double](repeating: -.infinity, count: first.lse.count)
    let length = lse.isEmpty ? 0 : o.count / lse.count
    for row in lse.indices {
      let present = parts.filter { $0.lse[row] > -.infinity }
      guard let peak = present.map({ $0.lse[row] }).max() else { continue }
      lse[row] =
        peak
        + Double.naturalLogarithm(
          present.reduce(0) { $0 + Double.exponential($1.lse[row] - peak) })
      for part in present {
        let weight = Double.exponential(part.lse[row] - lse[row])
        for i in (row * length)..<((row + 1) * length) { o[i] += weight * part.o[i] }
      }
    }
    return (o, lse)
  }
}

extension AttentionRows {
  /// The rows of a dense attention: one per token and head of Q.
  init(
    _ problem: AttentionProblem, _ q: [Double], _ k: [Double], _ v: [Double], _ alibi: [Double],
    _ cuQ: [Int], _ cuK: [Int]
  ) {
    var rows = [[AttendedKey]](repeating: [], count: problem.queryTokens * problem.heads)
    for sequence in 0..<problem.batch {
      let (queries, keys) =
        problem.packed
        ? (cuQ[sequence]..<cuQ[sequence + 1], cuK[sequence]..<cuK[sequence + 1])
        : (
          (sequence * problem.queryLength)..<((sequence + 1) * problem.queryLength),
          (sequence * problem.keyLength)..<((sequence + 1) * problem.keyLength)
        )
      for i in 0..<queries.count {
        let visible = (0..<keys.count).filter {
          problem.visible(i, $0, queries: queries.count, keys: keys.count)
        }
        for head in 0..<problem.heads {
          rows[(queries.lowerBound + i) * problem.heads + head] = visible.map { j in
            let distance = problem.alibiDistance(
              i, j, queries: queries.count, keys: keys.count)
            return AttendedKey(
              vector: (keys.lowerBound + j) * problem.kvHeads + head / problem.group,
              bias: problem.alibi ? -alibi[head] * Double(distance) : 0)
          }
        }
      }
    }
    self.init(
      headDim: problem.headDim, valueDim: problem.valueDim, scale: problem.scale,
      softCap: problem.softCap, q: q, k: k, v: v, rows: rows)
  }
}
