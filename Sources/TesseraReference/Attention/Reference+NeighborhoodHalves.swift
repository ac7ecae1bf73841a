package import TesseraCore

/// The unfused halves of neighborhood attention, for networks that bring their own weights. Scores and
/// weights are `[B, X.., H, Π k]`, keys in row-major window order. Causal windows shorter than `k`
/// fill the last entries of the axis: scores there are −inf, weights there are taken as 0 and not
/// read, and gradients there are 0. Additional keys take no part.
extension Reference {
  /// `S = scale · q·k (+ bias)`; −inf also for masked keys.
  package static func naQK(
    _ problem: NeighborhoodProblem, q: [Double], k: [Double], bias: [Double] = [],
    keyMask: [Bool] = []
  ) -> [Double] {
    let (d, scale) = (problem.headDim, Double(problem.scale))
    var scores = [Double](repeating: -.infinity, count: entryCount(problem))
    for entry in attendedEntries(problem, keyMask: keyMask) {
      var sum = 0.0
      for i in 0..<d { sum += q[entry.row * d + i] * k[entry.vector * d + i] }
      scores[entry.row * problem.windowKeys + entry.place] =
        scale * sum + (problem.hasRelativeBias ? bias[entry.bias] : 0)
    }
    return scores
  }

  /// The gradients of `Σ dS·S`: dQ, dK and dBias. Entries of `dScores` whose score is −inf are not
  /// read.
  package static func naQKBackward(
    _ problem: NeighborhoodProblem, q: [Double], k: [Double], keyMask: [Bool] = [],
    dScores: [Double]
  ) -> AttentionGradients {
    let (d, scale) = (problem.headDim, Double(problem.scale))
    let table = problem.hasRelativeBias ? problem.biasDimensions.reduce(1, *) : 0
    var result = AttentionGradients(
      dq: Gradient(count: q.count), dk: Gradient(count: k.count), dv: Gradient(count: 0),
      dBias: Gradient(count: table))
    for entry in attendedEntries(problem, keyMask: keyMask) {
      let dS = dScores[entry.row * problem.windowKeys + entry.place]
      if problem.hasRelativeBias { result.dBias.add(dS, at: entry.bias, noiseSquared: dS * dS) }
      for i in 0..<d {
        let toQ = scale * dS * k[entry.vector * d + i]
        let toK = scale * dS * q[entry.row * d + i]
        result.dq.add(toQ, at: entry.row * d + i, noiseSquared: toQ * toQ)
        result.dk.add(toK, at: entry.vector * d + i, noiseSquared: toK * toK)
      }
    }
    result.dq.finish()
    result.dk.finish()
    result.dBias.finish()
    return result
  }

  /// `O = Σ w·v` over the window.
  package static func naAV(
    _ problem: NeighborhoodProblem, weights: [Double], v: [Double]
  ) -> [Double] {
    let dv = problem.valueDim
    var o = [Double](
      repeating: 0, count: problem.batch * problem.queryTokens * problem.heads * dv)
    for entry in attendedEntries(problem.unmasked, keyMask: []) {
      let weight = weights[entry.row * problem.windowKeys + entry.place]
      for i in 0..<dv { o[entry.row * dv + i] += weight * v[entry.vector * dv + i] }
    }
    return o
  }

  /// The gradients of `Σ dO·O`: of the weights, 0 past the end of a causal window, and of V.
  package static func naAVBackward(
    _ problem: NeighborhoodProblem, weights: [Double], v: [Double], dO: [Double]
  ) -> (dWeights: Gradient, dv: Gradient) {
    let length = problem.valueDim
    var dWeights = Gradient(count: entryCount(problem))
    var dv = Gradient(count: v.count)
    for entry in attendedEntries(problem.unmasked, keyMask: []) {
      let at = entry.row * problem.windowKeys + entry.place
      for i in 0..<length {
        let toWeight = dO[entry.row * length + i] * v[entry.vector * length + i]
        let toValue = weights[at] * dO[entry.row * length + i]
        dWeights.add(toWeight, at: at, noiseSquared: toWeight * toWeight)
        dv.add(toValue, at: entry.vector * length + i, noiseSquared: toValue * toValue)
      }
    }
    dWeights.finish()
    dv.finish()
    return (dWeights, dv)
  }

  private static func entryCount(_ problem: NeighborhoodProblem) -> Int {
    problem.batch * problem.queryTokens * problem.heads * problem.windowKeys
  }
}

extension NeighborhoodProblem {
  /// Without its key mask: weights of masked keys are the caller's to make 0.
  fileprivate var unmasked: NeighborhoodProblem {
    var problem = self
    problem.extensions?.keyMask = false
    return problem
  }
}
