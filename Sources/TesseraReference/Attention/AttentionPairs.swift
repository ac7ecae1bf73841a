/// The gradients of attention from a given LSE and O:
///
/// ```
/// P = exp(cap(scale·q·k) − LSE)    δ = dO·O    dS = P·(dO·v − δ)
/// t = scale · dS · (1 − (cap/c)²)  dq += t·k   dk += t·q      dv += P·dO
/// ```
/// `T` is the precision of every operation.
struct AttentionPairs<T: OracleScalar> {
  let head: AttentionHead
  let q: [T]
  let k: [T]
  let v: [T]
  let o: [T]
  let lse: [T]
  let dO: [T]

  @_specialize(where T == Double)
  @_specialize(where T == Float)
  init(
    _ head: AttentionHead, _ q: [Double], _ k: [Double], _ v: [Double], _ o: [Double],
    _ lse: [Double], _ dO: [Double]
  ) {
    self.head = head
    self.q = q.map { T($0) }
    self.k = k.map { T($0) }
    self.v = v.map { T($0) }
    self.o = o.map { T($0) }
    self.lse = lse.map { T($0) }
    self.dO = dO.map { T($0) }
  }

  /// The sums over all pairs of row `r` and key `keys[r]`.
  @_specialize(where T == Double)
  @_specialize(where T == Float)
  func gradients(_ keys: [[Int]]) -> AttentionGradients {
    var result = AttentionGradients(
      dq: Gradient(count: q.count, in: T.self, terms: head.valueDim),
      dk: Gradient(count: k.count, in: T.self, terms: head.valueDim),
      dv: Gradient(count: v.count, in: T.self, terms: 1))
    for row in keys.indices where lse[row] > -.infinity {
      var (delta, squares): (T, T) = (0, 0)
      for i in (row * head.valueDim)..<((row + 1) * head.valueDim) {
        let term = dO[i] * o[i]
        delta += term
        squares += term * term
      }
      for key in keys[row] { add(row, key, delta, squares, to: &result) }
    }
    result.dq.finish()
    result.dk.finish()
    result.dv.finish()
    return result
  }

  // Without this, debug builds call every operation through a table.
  @_specialize(where T == Double)
  @_specialize(where T == Float)
  private func add(
    _ row: Int, _ key: Int, _ delta: T, _ deltaSquares: T, to gradients: inout AttentionGradients
  ) {
    let (d, dv, scale) = (head.headDim, head.valueDim, T(head.scale))
    var (sum, spread): (T, T) = (0, 0)
    for i in 0..<d {
      let term = q[row * d + i] * k[key * d + i]
      sum += term
      spread += term * term
    }
    var (score, slope): (T, T) = (scale * sum, 1)
    if let cap = head.softCap.map({ T($0) }) {
      score = cap * T.hyperbolicTangent(score / cap)
      slope = 1 - score / cap * (score / cap)
    }
    let p = T.exponential(score - lse[row])
    // A score off by e makes its weight off by the factor 1 + e.
    let doubt = 1 + abs(scale) * (spread + sum * sum).squareRoot()
    var (dP, squares): (T, T) = (0, deltaSquares)
    for i in 0..<dv {
      let term = dO[row * dv + i] * v[key * dv + i]
      dP += term
      squares += term * term
      let share = p * dO[row * dv + i]
      gradients.dv.add(
        Double(share), at: key * dv + i, noiseSquared: Double(share * doubt * (share * doubt)))
    }
    let dS = p * (dP - delta)
    let noise = p * doubt * (p * doubt) * squares
    let factor = scale * slope
    for i in 0..<d {
      let (x, y) = (factor * q[row * d + i], factor * k[key * d + i])
      gradients.dq.add(Double(dS * y), at: row * d + i, noiseSquared: Double(y * y * noise))
      gradients.dk.add(Double(dS * x), at: key * d + i, noiseSquared: Double(x * x * noise))
    }
  }
}
