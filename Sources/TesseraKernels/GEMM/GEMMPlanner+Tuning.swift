package import TesseraCore
package import TesseraHAL

extension GEMMPlanner {
  /// The plan that measurements say is fastest, or else the one that is expected to be.
  ///
  /// The candidates are made anew for the problem, so that a measured form is used only where it is
  /// legal.
  /// - Throws: as `plan`.
  package static func plan(
    _ problem: GEMMProblem, _ capabilities: Capabilities, refused: [TensorTier: String],
    measured database: TuningDatabase
  ) throws(TesseraError) -> Plan {
    if !database.entries.isEmpty, capabilities.backend != .cpu {
      let candidates = try candidates(problem, capabilities, refused: refused)
      let match = database.match(
        TuningKey(problem), on: TuningDevice(capabilities), forms: candidates.compactMap(\.form))
      if let match, var plan = candidates.first(where: { $0.form == match.form }) {
        plan.notes.append("form \(match.origin)")
        return plan
      }
    }
    return try plan(problem, capabilities, refused: refused)
  }
}

extension TuningKey {
  /// A product's key: extents are batch count, m, n, k. Rows that are no multiple of 16 bytes, and
  /// batches that share a matrix, are other kinds of work.
  package init(_ problem: GEMMProblem) {
    var words = [
      "\(problem.a.dtype) \(problem.b.dtype) > \(problem.d.dtype)",
      (problem.transposeA ? "t" : "n") + (problem.transposeB ? "t" : "n"),
    ]
    for operand in [problem.a, problem.b, problem.d]
    where operand.rowStride * operand.dtype.byteCount % 16 != 0 {
      words.append("odd")
      break
    }
    if problem.c != nil { words.append("c") }
    if let bias = problem.bias { words.append("bias-\(bias.axis.rawValue)") }
    if problem.activation != .none { words.append("\(problem.activation)") }
    if problem.batchCount > 1,
      [problem.a, problem.b].contains(where: { $0.batchStrides.contains(0) })
    {
      words.append("shared")
    }
    self.init(
      operation: "gemm", variant: words.joined(separator: " "),
      extents: [problem.batchCount, problem.m, problem.n, problem.k])
  }
}
