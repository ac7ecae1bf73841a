package import TesseraCore

extension Reference {
  /// Compressed keys and values as a program stores them, `[B, J, Hkv, D]` and `[B, J, Hkv, Dv]`.
  package static func nsaCompressed(
    _ problem: NSAProblem, _ inputs: NSAInputs
  ) -> (k: [Double], v: [Double]) {
    if problem.compression == .given { return (inputs.kCompressed, inputs.vCompressed) }
    func compress(_ x: [Double], _ dim: Int) -> [Double] {
      windows(
        x, batch: problem.batch, tokens: problem.keyLength, windows: problem.compressedLength,
        heads: problem.kvHeads, dim: dim, span: problem.span, stride: problem.stride,
        weights: problem.compression == .weighted ? inputs.weights : nil
      ).map(problem.dtype.nearest)
    }
    return (compress(inputs.k, problem.headDim), compress(inputs.v, problem.valueDim))
  }

  /// The importance of every block for every query of a KV group, `[B, Hkv, Nq, M]`, and by how much one
  /// computed in f32 may be off.
  ///
  /// The part that a compressed key has in a block is the share of its stride's tokens that lie in both:
  /// the number of pairs (m, n) of the definition, counted in tokens.
  package static func nsaImportance(
    _ problem: NSAProblem, _ inputs: NSAInputs
  ) -> (scores: [Double], uncertainty: [Double]) {
    let (nq, count, blocks, d) = (
      problem.queryLength, problem.compressedLength, problem.rows.blocks, problem.headDim
    )
    let keys = nsaCompressed(problem, inputs).k
    let (u, w) = (DType.f32.unitRoundoff, problem.dtype.unitRoundoff)
    var scores = [Double](repeating: 0, count: problem.batch * problem.kvHeads * nq * blocks)
    var uncertainty = scores
    // Tokens in both, over the stride.
    let shares = (0..<count).map { j -> [(block: Int, share: Double)] in
      let tokens = (j * problem.stride)..<(j * problem.stride + problem.span)
      let first = tokens.lowerBound / problem.block
      return (first...((tokens.upperBound - 1) / problem.block)).map { b in
        let held = tokens.clamped(to: (b * problem.block)..<((b + 1) * problem.block)).count
        return (b, Double(held) / Double(problem.stride))
      }
    }
    for b in 0..<problem.batch {
      for i in 0..<nq {
        let visible = (0..<count).filter { problem.sees(i, $0) }
        for h in 0..<problem.heads {
          let at = ((b * nq + i) * problem.heads + h) * d
          var (dots, worst): ([Double], Double) = ([], 0)
          for j in visible {
            let key = ((b * count + j) * problem.kvHeads + h / problem.group) * d
            var (sum, absolute) = (0.0, 0.0)
            for e in 0..<d {
              sum += inputs.q[at + e] * keys[key + e]
              absolute += abs(inputs.q[at + e] * keys[key + e])
            }
            dots.append(Double(problem.scale) * sum)
            worst = max(worst, abs(Double(problem.scale)) * absolute)
          }
          guard let peak = dots.max() else { continue }
          let total = dots.reduce(0) { $0 + Double.exponential($1 - peak) }
          // Of scores summed in f32, of LSE, and of compressed elements that round the other way.
          let off =
            worst * (16 * u * Double(d + 1).squareRoot() + 4 * w / Double(max(d, 1)).squareRoot())
            + 64 * u
          let row = ((b * problem.kvHeads + h / problem.group) * nq + i) * blocks
          for (j, dot) in zip(visible, dots) {
            let p = Double.exponential(dot - peak) / total
            for (block, share) in shares[j] {
              scores[row + block] += share * p
              uncertainty[row + block] += share * p * off + 1e-30
            }
          }
        }
      }
    }
    return (scores, uncertainty)
  }

  /// The branches of native sparse attention; the selected one attends `lists` `[B, Hkv, Nq, n]`, of which
  /// −1 is none.
  package static func nsaBranches(
    _ problem: NSAProblem, _ inputs: NSAInputs, lists: [Int]
  ) -> NSABranches {
    let (compressed, selected) = (
      NSARows(problem, inputs), blockListInputs(problem, inputs, lists)
    )
    var result = NSABranches(
      gold: [compressed.gold(), blockListAttention(problem.selected, selected)],
      plain: [
        compressed.rows(Float.self).forward().o.map(problem.dtype.nearest),
        plainBlockListAttention(problem.selected, selected),
      ])
    if problem.window > 0 {
      let (k, v) = windowed(problem, inputs)
      result.gold.append(attention(problem.windowed, q: inputs.q, k: k, v: v))
      result.plain.append(plainAttention(problem.windowed, q: inputs.q, k: k, v: v))
    }
    return result
  }

  /// `Σ gates_i · branches_i`, and `Σ |gates_i · branches_i|`.
  package static func nsaGated(
    _ problem: NSAProblem, gates: [Double], branches: [[Double]]
  ) -> (o: [Double], magnitude: [Double]) {
    var o = [Double](repeating: 0, count: problem.outputDimensions.reduce(1, *))
    var magnitude = o
    for i in o.indices {
      for (index, branch) in branches.enumerated() {
        let term = gates[i / problem.valueDim * 3 + index] * branch[i]
        o[i] += term
        magnitude[i] += abs(term)
      }
    }
    return (o, magnitude)
  }

  static func windowed(
    _ problem: NSAProblem, _ inputs: NSAInputs
  ) -> (k: [Double], v: [Double]) {
    problem.ownWindow ? (inputs.kWindow, inputs.vWindow) : (inputs.k, inputs.v)
  }

  static func blockListInputs(
    _ problem: NSAProblem, _ inputs: NSAInputs, _ lists: [Int]
  ) -> BlockListInputs {
    let counts = stride(from: 0, to: lists.count, by: problem.top).map { start in
      lists[start..<(start + problem.top)].count { $0 >= 0 }
    }
    return BlockListInputs(q: inputs.q, k: inputs.k, v: inputs.v, indices: lists, counts: counts)
  }
}

/// The compressed branch as rows of any attention.
struct NSARows {
  let problem: NSAProblem
  let inputs: NSAInputs

  init(_ problem: NSAProblem, _ inputs: NSAInputs) {
    self.problem = problem
    self.inputs = inputs
  }

  /// The branch in f64. Compressed vectors are sums in f32 of terms that may cancel, so error bounds are
  /// multiples of the terms' absolute values.
  func gold() -> AttentionOracle {
    var result = rows(Double.self).forward()
    guard problem.compression != .given else { return result }
    var absolute = inputs
    absolute.k = inputs.k.map { abs($0) }
    absolute.v = inputs.v.map { abs($0) }
    absolute.weights = inputs.weights.map { abs($0) }
    let terms = Reference.nsaCompressed(problem, absolute)
    let own = Reference.nsaCompressed(problem, inputs)
    result.magnitude = rows(Double.self, (own.k, terms.v)).forward().o
    result.scoreMagnitude = rows(Double.self, (terms.k, own.v)).forward().scoreMagnitude
    return result
  }

  /// Every query with the compressed keys that it sees.
  func rows<T>(
    _: T.Type, _ vectors: (k: [Double], v: [Double])? = nil
  ) -> AttentionRows<T> {
    let (k, v) = vectors ?? Reference.nsaCompressed(problem, inputs)
    let (count, heads) = (problem.compressedLength, problem.heads)
    let rows = (0..<(problem.batch * problem.queryLength * heads)).map { row -> [AttendedKey] in
      let (query, head) = (row / heads, row % heads)
      let (b, i) = (query / problem.queryLength, query % problem.queryLength)
      return (0..<count).filter { problem.sees(i, $0) }.map {
        AttendedKey(vector: (b * count + $0) * problem.kvHeads + head / problem.group)
      }
    }
    return AttentionRows(
      headDim: problem.headDim, valueDim: problem.valueDim, scale: problem.scale, q: inputs.q,
      k: k, v: v, rows: rows)
  }
}
