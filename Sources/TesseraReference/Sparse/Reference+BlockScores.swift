package import TesseraCore

/// What the oracle says about scores of blocks.
package struct BlockScoreOracle: Sendable {
  /// `[B, Hkv, R, M]`; −inf for blocks that the row does not see.
  package var scores: [Double]
  /// By how much each score may be off that is computed in f32 from the same stored tensors: two blocks
  /// whose scores differ by less may stand in for each other in a list.
  package var uncertainty: [Double]
}

extension Reference {
  /// Scores of blocks in f64 from their definition. Pooled queries and keys are rounded to the storage
  /// type of q, as the definition says.
  package static func blockScores(
    _ problem: BlockScoreProblem, q: [Double], k: [Double]
  ) -> BlockScoreOracle {
    let scores = BlockScoring<Double>(problem, q, k)
    return BlockScoreOracle(scores: scores.scores, uncertainty: scores.uncertainty)
  }

  /// The same evaluated plainly in f32.
  package static func plainBlockScores(
    _ problem: BlockScoreProblem, q: [Double], k: [Double]
  ) -> [Double] {
    BlockScoring<Float>(problem, q, k).scores
  }

  /// Tokens `[B, N, heads, d]` joined over windows of `span` that begin every `stride`, of which there
  /// are `windows`: weighted by `weights [heads, span]`, or the mean of the tokens there are.
  package static func windows(
    _ x: [Double], batch: Int, tokens: Int, windows: Int, heads: Int, dim: Int, span: Int,
    stride: Int, weights: [Double]? = nil
  ) -> [Double] {
    var result = [Double](repeating: 0, count: batch * windows * heads * dim)
    for b in 0..<batch {
      for j in 0..<windows {
        let held = (j * stride)..<min(j * stride + span, tokens)
        for h in 0..<heads {
          for e in 0..<dim {
            var sum = 0.0
            for t in held {
              let weight = weights?[h * span + t - j * stride] ?? 1 / Double(held.count)
              sum += weight * x[((b * tokens + t) * heads + h) * dim + e]
            }
            result[((b * windows + j) * heads + h) * dim + e] = sum
          }
        }
      }
    }
    return result
  }
}

/// Scores of blocks in the precision `T`.
private struct BlockScoring<T: OracleScalar> {
  private(set) var scores: [Double]
  private(set) var uncertainty: [Double]

  init(_ problem: BlockScoreProblem, _ q: [Double], _ k: [Double]) {
    let (rows, blocks, d) = (problem.rows.rows, problem.rows.blocks, problem.headDim)
    func pooled(_ x: [Double], _ tokens: Int, _ windows: Int, _ heads: Int, _ span: Int) -> [T] {
      guard span > 1 else { return x.map { T($0) } }
      return Reference.windows(
        x, batch: problem.batch, tokens: tokens, windows: windows, heads: heads, dim: d,
        span: span, stride: span
      ).map { T(problem.dtype.nearest($0)) }
    }
    let queries = pooled(
      q, problem.rows.queryLength, rows, problem.heads, problem.rows.queryBlock)
    let keys =
      problem.pooled
      ? k.map { T($0) }
      : pooled(k, problem.rows.keyLength, blocks, problem.kvHeads, problem.rows.keyBlock)
    let (u, w) = (DType.f32.unitRoundoff, problem.dtype.unitRoundoff)
    scores = []
    uncertainty = []
    for b in 0..<problem.batch {
      for kvHead in 0..<problem.kvHeads {
        for r in 0..<rows {
          var sums = [T](repeating: problem.reduction == .max ? -.infinity : 0, count: blocks)
          var sizes = [Double](repeating: 0, count: blocks)
          let seen = (0..<blocks).filter { problem.rows.sees(r, $0) }
          for h in (kvHead * problem.group)..<((kvHead + 1) * problem.group) {
            let at = ((b * rows + r) * problem.heads + h) * d
            var own = [T](repeating: 0, count: blocks)
            var size = [Double](repeating: 0, count: blocks)
            for j in 0..<blocks {
              let key = ((b * blocks + j) * problem.kvHeads + kvHead) * d
              var (sum, absolute): (T, Double) = (0, 0)
              for e in 0..<d {
                let term = queries[at + e] * keys[key + e]
                sum += term
                absolute += Double(abs(term))
              }
              own[j] = T(problem.scale) * sum
              // Of f32 sums, and of a pooled element that rounds the other way.
              size[j] =
                Double(abs(problem.scale)) * absolute
                * (8 * u * Double(d + 1).squareRoot() + 4 * w / Double(max(d, 1)).squareRoot())
            }
            if problem.reduction == .vote {
              let peak = seen.map { own[$0] }.max() ?? 0
              let total = seen.reduce(T(0)) { $0 + T.exponential(own[$1] - peak) }
              let worst = seen.map { size[$0] }.max() ?? 0
              for j in seen {
                let p = T.exponential(own[j] - peak) / total
                sums[j] += p
                sizes[j] += Double(p) * (2 * worst + 64 * u) + 1e-30
              }
            } else {
              for j in 0..<blocks {
                sums[j] = problem.reduction == .max ? max(sums[j], own[j]) : sums[j] + own[j]
                sizes[j] += size[j]
              }
            }
          }
          let gain: T = problem.reduction == .mean ? 1 / T(problem.group) : 1
          for j in 0..<blocks {
            scores.append(problem.rows.sees(r, j) ? Double(gain * sums[j]) : -.infinity)
            uncertainty.append(sizes[j])
          }
        }
      }
    }
  }
}
