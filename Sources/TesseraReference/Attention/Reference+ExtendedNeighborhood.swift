package import TesseraCore

extension Reference {
  /// Neighborhood attention with extensions, in f64, over contiguous tensors in the problem's layout.
  ///
  /// `extraK` and `extraV` are read if the problem has additional keys, `bias` `[H, 2k − 1 per axis..]`
  /// if it has a relative-position bias, `keyMask` `[B, X..]` (true takes part) if it has a mask.
  /// Without extensions this is `neighborhoodAttention`, computed by other code.
  package static func extendedNeighborhoodAttention(
    _ problem: NeighborhoodProblem, q: [Double], k: [Double], v: [Double], extraK: [Double] = [],
    extraV: [Double] = [], bias: [Double] = [], keyMask: [Bool] = []
  ) -> AttentionOracle {
    AttentionRows<Double>(problem, q, k + extraK, v + extraV, bias, keyMask).forward()
  }

  /// O of the same evaluated plainly in f32, P and O rounded to storage types.
  package static func plainExtendedNeighborhoodAttention(
    _ problem: NeighborhoodProblem, q: [Double], k: [Double], v: [Double], extraK: [Double] = [],
    extraV: [Double] = [], bias: [Double] = [], keyMask: [Bool] = []
  ) -> [Double] {
    AttentionRows<Float>(problem, q, k + extraK, v + extraV, bias, keyMask)
      .forward(weights: problem.dtype).o.map(problem.outputDType.nearest)
  }

  /// The gradients of `Σ dO·O` of neighborhood attention, plain or with extensions.
  package static func neighborhoodAttentionBackward(
    _ problem: NeighborhoodProblem, q: [Double], k: [Double], v: [Double], extraK: [Double] = [],
    extraV: [Double] = [], bias: [Double] = [], keyMask: [Bool] = [], dO: [Double]
  ) -> AttentionGradients {
    AttentionRows<Double>(problem, q, k + extraK, v + extraV, bias, keyMask)
      .backward(dO: dO, parameters: bias.count).apart(extraK: extraK.count, extraV: extraV.count)
  }

  /// The same evaluated plainly in f32 and rounded to the storage types.
  package static func plainNeighborhoodAttentionBackward(
    _ problem: NeighborhoodProblem, q: [Double], k: [Double], v: [Double], extraK: [Double] = [],
    extraV: [Double] = [], bias: [Double] = [], keyMask: [Bool] = [], dO: [Double]
  ) -> AttentionGradients {
    AttentionRows<Float>(problem, q, k + extraK, v + extraV, bias, keyMask)
      .backward(dO: dO, parameters: bias.count).apart(extraK: extraK.count, extraV: extraV.count)
      .stored(as: problem.dtype)
  }
}

extension AttentionGradients {
  /// Splits the gradients of keys and values into those of the window and those of the additional
  /// ones, which come last.
  fileprivate func apart(extraK: Int, extraV: Int) -> AttentionGradients {
    var result = self
    (result.dk, result.dExtraK) = dk.split(at: dk.values.count - extraK)
    (result.dv, result.dExtraV) = dv.split(at: dv.values.count - extraV)
    return result
  }
}

extension AttentionRows {
  /// The rows of a neighborhood attention: one per query token and head. `k` and `v` hold the
  /// additional keys and values behind the others.
  fileprivate init(
    _ problem: NeighborhoodProblem, _ q: [Double], _ k: [Double], _ v: [Double], _ bias: [Double],
    _ keyMask: [Bool]
  ) {
    let perEntry = problem.queryTokens * problem.heads
    var rows = [[AttendedKey]](repeating: [], count: problem.batch * perEntry)
    for entry in Reference.attendedEntries(problem, keyMask: keyMask) {
      rows[entry.row].append(
        problem.hasRelativeBias
          ? AttendedKey(vector: entry.vector, bias: bias[entry.bias], parameter: entry.bias)
          : AttendedKey(vector: entry.vector))
    }
    let first = problem.batch * problem.tokens * problem.kvHeads
    for row in rows.indices {
      let (batch, kvHead) = (row / perEntry, row % problem.heads / problem.group)
      for extra in 0..<problem.extraKeys {
        rows[row].append(
          AttendedKey(
            vector: first + (batch * problem.extraKeys + extra) * problem.kvHeads + kvHead))
      }
    }
    self.init(
      headDim: problem.headDim, valueDim: problem.valueDim, scale: problem.scale, q: q, k: k, v: v,
      rows: rows)
  }
}
