package import TesseraCore

/// Whether results are right: the pass criteria of every operator, in one place.
package enum Judge {
  /// Unit roundoff of the accumulation type.
  static let u = DType.f32.unitRoundoff

  /// A verdict with its evidence.
  package struct Verdict: Sendable, CustomStringConvertible {
    package var passed: Bool
    package var report: ErrorReport
    /// What was allowed, in words.
    package var allowed: String
    /// The largest error as a share of what is allowed, where that is not elementwise.
    var share: Double?
    /// The largest error as a share of what is allowed.
    package var ratio: Double { share ?? report.boundRatio }
    package var description: String { "\(passed ? "pass" : "FAIL"): \(report); allowed \(allowed)" }
  }

  /// GEMM, elementwise: `|D − D64| ≤ 4·√K·u·magnitude` plus half an ulp of the output type.
  ///
  /// An activation stretches errors at most by its steepest slope (1.13 for gelu) and is itself
  /// evaluated in f32, for which 8 u of the magnitude are added.
  package static func gemm(
    _ problem: GEMMProblem, _ values: [Double], gold: [Double], magnitude: [Double]
  ) -> Verdict {
    let output = problem.d.dtype
    var factor = 4 * Double(max(problem.k, 1)).squareRoot() * u
    if problem.activation != .none { factor = 1.13 * factor + 8 * u }
    // What overflows the output type rounds to infinity; the oracle does not know the type.
    let limit = largest(output) * (1 + output.unitRoundoff)
    let expected = gold.map {
      abs($0) >= limit ? $0.sign == .minus ? -Double.infinity : .infinity : $0
    }
    let report = ErrorReport(values, gold: expected, rowLength: problem.n) { i in
      factor * magnitude[i] + rounding(gold[i], output)
    }
    return Verdict(
      passed: report.nonFinite == 0 && report.boundRatio <= 1, report: report,
      allowed: "4·√K·u·(|alpha|·|A|·|B| + |beta·C| + |bias|) and half an ulp of \(output)")
  }

  /// Attention: error, total and per row, at most twice that of a plain evaluation of the same
  /// precision or the floor of the storage type, or `4·u·(|LSE| + 2)` where that is more; and elementwise the
  /// bound of `attentionBound`.
  package static func attention(
    _ problem: NeighborhoodProblem, _ values: [Double], gold: NeighborhoodResult, plain: [Double]
  ) -> Verdict {
    attention(
      headDim: problem.headDim, valueDim: problem.valueDim, dtype: problem.dtype,
      output: problem.outputDType, values, gold: gold, plain: plain)
  }

  /// The criteria of every attention, whatever its mask.
  static func attention(
    headDim: Int, valueDim: Int, dtype: DType, output: DType, _ values: [Double],
    gold: AttentionOracle, plain: [Double]
  ) -> Verdict {
    let bound = attentionBound(
      headDim: headDim, valueDim: valueDim, dtype: dtype, output: output, gold)
    let floor = max(Self.floor(dtype), Self.floor(output))
    // Results of parts of the keys are joined by their LSE, which is stored in f32: where it is large, a
    // row may be off by as much of itself as LSE may be, 4·u·(|LSE| + 2).
    let length = max(valueDim, 1)
    let least = gold.o.enumerated().map { i, o in
      let lse = abs(gold.lse[i / length])
      return o * max(1, lse.isFinite ? 4 * u * (lse + 2) / floor : 1)
    }
    let report = ErrorReport(
      values, gold: gold.o, rowLength: valueDim, bound: bound, atLeast: least)
    let yardstick = ErrorReport(plain, gold: gold.o, rowLength: valueDim, atLeast: least)
    let total = max(2 * yardstick.total, floor)
    let row = max(2 * yardstick.worstRow, floor)
    return Verdict(
      passed: report.nonFinite == 0 && report.total <= total && report.worstRow <= row
        && report.boundRatio <= 1,
      report: report, allowed: "total \(total), row \(row), error/bound 1")
  }

  /// LSE, elementwise: `4·u·(√D·scoreMagnitude + √N + |lse| + 2)`, N the number of keys.
  package static func logSumExp(
    _ problem: NeighborhoodProblem, _ values: [Double], gold: NeighborhoodResult
  ) -> Verdict {
    let root = Double(problem.headDim).squareRoot()
    let report = ErrorReport(values, gold: gold.lse, rowLength: problem.heads) { i in
      4 * u
        * (root * gold.scoreMagnitude[i] + Double(gold.keyCount[i]).squareRoot() + abs(gold.lse[i])
          + 2)
    }
    return Verdict(
      passed: report.nonFinite == 0 && report.boundRatio <= 1, report: report,
      allowed: "4·u·(√D·|scale|·Σ|q||k| + √N + |lse| + 2)")
  }

  /// `4·(u·(√D·scoreMagnitude + √N + 4) + w)·Σ p|v|` plus half an ulp of the output type. A wrong score
  /// makes its weight wrong by as much relatively; `w` is the rounding of P to a 16-bit storage type
  /// that tensor-core paths may do, 0 for f32.
  static func attentionBound(
    headDim: Int, valueDim: Int, dtype: DType, output: DType, _ gold: AttentionOracle
  ) -> (Int) -> Double {
    let root = Double(headDim).squareRoot()
    let weight = dtype == .f32 ? 0 : dtype.unitRoundoff
    let length = max(valueDim, 1)
    return { i in
      let row = i / length
      let scores = root * gold.scoreMagnitude[row] + Double(gold.keyCount[row]).squareRoot() + 4
      return 4 * (u * scores + weight) * gold.magnitude[i]
        + rounding(gold.o[i], output)
    }
  }

  /// Error that is always forgiven: no evaluation of that storage type does much better.
  package static func floor(_ dtype: DType) -> Double {
    switch dtype {
    case .f16: 1e-3
    case .bf16: 8e-3
    default: 2e-6
    }
  }

  /// Half an ulp of `dtype` at `x`, or half its smallest number near zero.
  static func rounding(_ x: Double, _ dtype: DType) -> Double {
    max(abs(x) * dtype.unitRoundoff, 0.5 * smallest(dtype))
  }

  private static func largest(_ dtype: DType) -> Double {
    switch dtype {
    case .f16: 65504
    case .bf16: 0x1.FEp127
    default: Double(Float.greatestFiniteMagnitude)
    }
  }

  /// Smallest positive number. For f32 and bf16 the smallest normal one: devices may flush the rest.
  static func smallest(_ dtype: DType) -> Double {
    switch dtype {
    case .f16: 0x1p-24
    default: 0x1p-125
    }
  }
}
