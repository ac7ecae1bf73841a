import TesseraCore

/// One key that a query attends.
struct AttendedKey {
  /// Which vector of K and V it is.
  var vector: Int
  /// Added to the score.
  var bias = 0.0
  /// Which trained parameter `bias` is, if it is one.
  var parameter: Int?
}

/// Any attention, reduced to what is common to all: query vector `r` attends the keys `rows[r]`.
///
/// ```
/// S_j = cap(scale · q·k_j) + bias_j        P = softmax(S)       O = Σ P_j·v_j     LSE = ln Σ exp(S_j)
/// dP_j = dO·v_j     δ = dO·O     dS_j = P_j·(dP_j − δ)           dV_j = Σ_r P_j·dO    dbias = Σ_r dS_j
/// t_j = scale · dS_j · (1 − (cap_j/c)²)                          dQ = Σ_j t_j·k_j     dK_j = Σ_r t_j·q
/// ```
/// A sink is a logit that takes part in the sum of the softmax and in LSE and has no value:
/// `dsink = −Σ_r exp(sink − LSE)·δ`. The sums over rows are what adds up the query heads of one KV head.
/// A row without keys, or whose scores are all −inf, leaves O and all gradients 0 and LSE −inf, or the
/// sink. `T` is the precision of every operation.
struct AttentionRows<T: OracleScalar> {
  let headDim: Int
  let valueDim: Int
  let scale: T
  /// `c` of the cap `c·tanh(x/c)` on the scores.
  let softCap: T?
  /// One vector of `headDim` elements per row.
  let q: [T]
  /// One vector of `headDim` elements per key.
  let k: [T]
  /// One vector of `valueDim` elements per key.
  let v: [T]
  let rows: [[AttendedKey]]
  /// One logit per head, of which row `r` has that of head `r mod H`; empty without sinks.
  let sinks: [T]

  init(
    headDim: Int, valueDim: Int, scale: Float, softCap: Float? = nil, q: [Double], k: [Double],
    v: [Double], rows: [[AttendedKey]], sinks: [Double] = []
  ) {
    self.headDim = headDim
    self.valueDim = valueDim
    self.scale = T(scale)
    self.softCap = softCap.map { T($0) }
    self.q = q.map { T($0) }
    self.k = k.map { T($0) }
    self.v = v.map { T($0) }
    self.rows = rows
    self.sinks = sinks.map { T($0) }
  }

  /// The scores of a row and what follows from them.
  private struct Scores {
    /// After the cap, before the bias.
    var capped: [T] = []
    /// With the bias.
    var biased: [T] = []
    var p: [T] = []
    /// The weight of the sink.
    var sink: T = 0
    var lse = -T.infinity
    /// `|scale| · Σ |q·k|` over the elements of each key, and `|scale| · √(Σ (q·k)² + (Σ q·k)²)`: what a
    /// score errs by in units of roundoff, from its products and from its own size.
    var size: [T] = []
    var spread: [T] = []
  }

  private func scores(of row: Int) -> Scores {
    var result = Scores()
    var biased: [T] = []
    for key in rows[row] {
      var (sum, absolute, squares): (T, T, T) = (0, 0, 0)
      for i in 0..<headDim {
        let term = q[row * headDim + i] * k[key.vector * headDim + i]
        sum += term
        absolute += abs(term)
        squares += term * term
      }
      var score = scale * sum
      if let softCap { score = softCap * T.hyperbolicTangent(score / softCap) }
      result.capped.append(score)
      biased.append(score + T(key.bias))
      result.size.append(abs(scale) * absolute)
      result.spread.append(abs(scale) * (squares + sum * sum).squareRoot())
    }
    // A bias of −inf hides a key; a row that has no other is empty.
    let sink = sinks.isEmpty ? -T.infinity : sinks[row % sinks.count]
    let peak = max(biased.max() ?? -.infinity, sink)
    guard peak != -.infinity else {
      result.p = biased.map { _ in 0 }
      return result
    }
    let weights = biased.map { T.exponential($0 - peak) }
    let sinkWeight = T.exponential(sink - peak)
    let total = weights.reduce(0, +) + sinkWeight
    result.p = weights.map { $0 / total }
    result.sink = sinkWeight / total
    result.lse = peak + T.naturalLogarithm(total)
    result.biased = biased
    return result
  }

  /// O, LSE and what their error bounds are made of.
  /// - Parameter weights: a storage type that P is rounded to before it meets the values.
  // Callers are in other files: without this, debug builds call every operation through a table.
  @_specialize(where T == Double)
  @_specialize(where T == Float)
  func forward(weights: DType = .f64) -> AttentionOracle {
    var result = AttentionOracle(
      o: [Double](repeating: 0, count: rows.count * valueDim),
      lse: [Double](repeating: -.infinity, count: rows.count),
      magnitude: [Double](repeating: 0, count: rows.count * valueDim),
      scoreMagnitude: [Double](repeating: 0, count: rows.count),
      keyCount: rows.map(\.count))
    for row in rows.indices where !rows[row].isEmpty || !sinks.isEmpty {
      let scores = scores(of: row)
      result.lse[row] = Double(scores.lse)
      let stored =
        weights == .f64 || weights == .f32
        ? scores.p : scores.p.map { T(weights.nearest(Double($0))) }
      let counting = zip(rows[row], scores.p).filter { $0.1 >= 0x1p-24 }
      result.scoreMagnitude[row] =
        Double(scores.size.max() ?? 0) + (counting.map { abs($0.0.bias) }.max() ?? 0)
      for i in 0..<valueDim {
        var (sum, absolute): (T, T) = (0, 0)
        for (key, p) in zip(rows[row], stored) {
          let term = p * v[key.vector * valueDim + i]
          sum += term
          absolute += abs(term)
        }
        result.o[row * valueDim + i] = Double(sum)
        result.magnitude[row * valueDim + i] = Double(absolute)
      }
    }
    return result
  }

  /// The gradients of `Σ dO·O`: of Q, of all vectors of K and V, and of `parameters` biases.
  @_specialize(where T == Double)
  @_specialize(where T == Float)
  func backward(dO: [Double], parameters: Int = 0) -> AttentionGradients {
    var gradients = AttentionGradients(
      dq: Gradient(count: q.count, in: T.self, terms: valueDim),
      dk: Gradient(count: k.count, in: T.self, terms: valueDim),
      dv: Gradient(count: v.count, in: T.self, terms: 1),
      dBias: Gradient(count: parameters, in: T.self, terms: valueDim),
      dSinks: Gradient(count: sinks.count, in: T.self, terms: valueDim))
    for row in rows.indices where !rows[row].isEmpty {
      add(row, dO[(row * valueDim)..<((row + 1) * valueDim)].map { T($0) }, to: &gradients)
    }
    gradients.dq.finish()
    gradients.dk.finish()
    gradients.dv.finish()
    gradients.dBias.finish()
    gradients.dSinks.finish()
    return gradients
  }

  private func add(_ row: Int, _ dO: [T], to gradients: inout AttentionGradients) {
    let scores = scores(of: row)
    guard scores.lse > -.infinity else { return }
    var (delta, deltaSquares): (T, T) = (0, 0)
    for i in 0..<valueDim {
      var o: T = 0
      for (key, p) in zip(rows[row], scores.p) { o += p * v[key.vector * valueDim + i] }
      delta += dO[i] * o
      deltaSquares += dO[i] * o * (dO[i] * o)
    }
    if !sinks.isEmpty {
      gradients.dSinks.add(
        Double(-scores.sink * delta), at: row % sinks.count,
        noiseSquared: Double(
          square(scores.sink) * deltaSquares * square(1 + (scores.spread.max() ?? 0))))
    }
    for (index, key) in rows[row].enumerated() {
      // As the formula has it: where scores are large, LSE's own rounding is in every weight of the row.
      let p = T.exponential(scores.biased[index] - scores.lse)
      // A score off by e makes its weight off by the factor 1 + e.
      let doubt = 1 + scores.spread[index]
      var (dP, squares): (T, T) = (0, deltaSquares)
      for i in 0..<valueDim {
        let term = dO[i] * v[key.vector * valueDim + i]
        dP += term
        squares += term * term
        let share = p * dO[i]
        gradients.dv.add(
          Double(share), at: key.vector * valueDim + i, noiseSquared: Double(square(share * doubt)))
      }
      let dS = p * (dP - delta)
      let noise = square(p * doubt) * squares
      if let parameter = key.parameter {
        gradients.dBias.add(Double(dS), at: parameter, noiseSquared: Double(noise))
      }
      let factor = scale * (softCap.map { 1 - square(scores.capped[index] / $0) } ?? 1)
      for i in 0..<headDim {
        let (x, y) = (q[row * headDim + i], k[key.vector * headDim + i])
        gradients.dq.add(
          Double(factor * dS * y), at: row * headDim + i,
          noiseSquared: Double(square(factor * y) * noise))
        gradients.dk.add(
          Double(factor * dS * x), at: key.vector * headDim + i,
          noiseSquared: Double(square(factor * x) * noise))
      }
    }
  }

  private func square(_ x: T) -> T { x * x }
}
