package import TesseraCore

extension Judge {
  /// Dense attention: the criteria of neighborhood attention.
  package static func attention(
    _ problem: AttentionProblem, _ values: [Double], gold: AttentionOracle, plain: [Double]
  ) -> Verdict {
    attention(
      headDim: problem.headDim, valueDim: problem.valueDim, dtype: problem.dtype,
      output: problem.outputDType, values, gold: gold, plain: plain)
  }

  /// LSE of dense attention, elementwise: the bound of neighborhood attention.
  package static func logSumExp(
    _ problem: AttentionProblem, _ values: [Double], gold: AttentionOracle
  ) -> Verdict {
    logSumExp(headDim: problem.headDim, heads: problem.heads, values, gold: gold)
  }

  /// LSE of any attention over lists of keys.
  static func logSumExp(
    headDim: Int, heads: Int, _ values: [Double], gold: AttentionOracle
  ) -> Verdict {
    let root = Double(headDim).squareRoot()
    let report = ErrorReport(values, gold: gold.lse, rowLength: heads) { i in
      let keys = Double(gold.keyCount[i]).squareRoot()
      return 4 * u * (root * gold.scoreMagnitude[i] + keys + abs(gold.lse[i]) + 2)
    }
    return Verdict(
      passed: report.nonFinite == 0 && report.boundRatio <= 1, report: report,
      allowed: "4·u·(√D·(|scale|·Σ|q||k| + |bias|) + √N + |lse| + 2)")
  }

  /// A gradient: error, total and per row, at most twice that of a plain evaluation of the same
  /// precision or three times the floor of the storage type.
  ///
  /// Where a gradient cancels to less than its own rounding noise, as dQ does when a query has one
  /// key, `4·(u·max(1, √n/4) + w)` times the oracle's noise is allowed instead: a sum of n products
  /// errs by about `u·√n/4` of their root of squares, and `n` is the gradient's `terms`. `w` is the
  /// rounding of P, O and dS to a 16-bit storage type.
  /// - Parameters:
  ///   - plain: the same gradient of a plain evaluation.
  ///   - rowLength: elements per row, such as the head dimension.
  ///   - dtype: the coarsest storage type of the inputs and the gradient.
  package static func gradient(
    _ values: [Double], gold: Gradient, plain: [Double], rowLength: Int, dtype: DType
  ) -> Verdict {
    let floor = 3 * Self.floor(dtype)
    let weight = dtype == .f32 ? 0 : dtype.unitRoundoff
    let sums = u * max(1, Double(gold.terms).squareRoot() / 4)
    let least = gold.noise.map { 4 * (sums + weight) / floor * $0 }
    let report = ErrorReport(
      values, gold: gold.values, rowLength: rowLength, atLeast: least)
    let yardstick = ErrorReport(
      plain, gold: gold.values, rowLength: rowLength, atLeast: least)
    let total = max(2 * yardstick.total, floor)
    let row = max(2 * yardstick.worstRow, floor)
    return Verdict(
      passed: report.nonFinite == 0 && report.total <= total && report.worstRow <= row,
      report: report, allowed: "total \(total), row \(row)",
      share: max(report.total / total, report.worstRow / row))
  }
}
