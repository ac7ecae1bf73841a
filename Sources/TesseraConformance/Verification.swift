package import TesseraReference

/// How a result compares with the f64 oracle.
package struct Verification: Sendable, Codable, Hashable {
  /// Whether every error is inside its bound.
  package var passed: Bool
  /// `RMS(x − gold) / RMS(gold)` over everything.
  package var rms: Double
  /// The same for the worst row.
  package var worstRow: Double
  /// Largest error divided by its bound; at most 1 passes.
  package var maxRatio: Double
  /// One line for people.
  package var summary: String

  package init(_ verdicts: [(name: String, verdict: Judge.Verdict)]) {
    passed = verdicts.allSatisfy(\.verdict.passed)
    rms = verdicts.map(\.verdict.report.total).max() ?? 0
    worstRow = verdicts.map(\.verdict.report.worstRow).max() ?? 0
    maxRatio = verdicts.map(\.verdict.ratio).max() ?? 0
    summary = verdicts.map { "\($0.name): \($0.verdict)" }.joined(separator: "; ")
  }

  /// Both together: passed if both are.
  package func and(_ other: Verification) -> Verification {
    var result = self
    result.passed = passed && other.passed
    result.rms = max(rms, other.rms)
    result.worstRow = max(worstRow, other.worstRow)
    result.maxRatio = max(maxRatio, other.maxRatio)
    result.summary += "; " + other.summary
    return result
  }
}
