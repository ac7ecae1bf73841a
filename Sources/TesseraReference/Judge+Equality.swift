extension Judge {
  /// Integers: equal to the oracle's, every one.
  package static func equality(_ values: [Double], gold: [Double], rowLength: Int) -> Verdict {
    Verdict(
      passed: values == gold, report: ErrorReport(values, gold: gold, rowLength: rowLength),
      allowed: "equality", share: values == gold ? 0 : 2)
  }
}
