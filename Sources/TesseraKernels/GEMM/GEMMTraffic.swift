import TesseraCore

/// What a matrix product must move.
enum GEMMTraffic {
  /// Bytes of every input once, repeated matrices counted once, and of every output once.
  static func bytes(_ problem: GEMMProblem) -> Double {
    func matrices(_ operand: GEMMProblem.Operand) -> Double {
      zip(problem.batch, operand.batchStrides)
        .reduce(1) { $0 * Double($1.1 == 0 ? min($1.0, 1) : $1.0) }
    }
    let (m, n, k) = (Double(problem.m), Double(problem.n), Double(problem.k))
    var total = matrices(problem.a) * m * k * Double(problem.a.dtype.byteCount)
    total += matrices(problem.b) * k * n * Double(problem.b.dtype.byteCount)
    if let c = problem.c { total += matrices(c) * m * n * Double(c.dtype.byteCount) }
    if let bias = problem.bias {
      total += (bias.axis == .row ? n : m) * Double(bias.dtype.byteCount)
    }
    return total + matrices(problem.d) * m * n * Double(problem.d.dtype.byteCount)
  }
}
