extension Judge {
  /// A verdict on a report that was made with elementwise bounds.
  /// - Parameter total: the most that the error of the whole may be, if it is limited.
  package static func verdict(
    _ report: ErrorReport, total: Double? = nil, allowed: String
  ) -> Verdict {
    Verdict(
      passed: report.nonFinite == 0 && report.boundRatio <= 1
        && report.total <= total ?? .infinity,
      report: report, allowed: allowed)
  }
}
