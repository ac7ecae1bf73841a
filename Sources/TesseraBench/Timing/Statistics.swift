/// Order statistics of timing samples, in the samples' unit.
package struct Statistics: Sendable, Hashable, Codable {
  package var n: Int
  package var min: Double
  package var p5: Double
  package var median: Double
  package var p95: Double
  /// Distance of the quartiles.
  package var iqr: Double
  /// The 95 % interval of the median, both ends; nil where samples were not taken in rounds.
  package var ci: [Double]?

  /// Quantiles by linear interpolation between neighbouring samples; all zero without samples.
  package init(_ samples: [Double]) {
    let sorted = samples.sorted()
    func quantile(_ q: Double) -> Double {
      guard let last = sorted.last else { return 0 }
      let position = q * Double(sorted.count - 1)
      let index = Int(position)
      guard index + 1 < sorted.count else { return last }
      return sorted[index] + (position - Double(index)) * (sorted[index + 1] - sorted[index])
    }
    n = sorted.count
    min = sorted.first ?? 0
    p5 = quantile(0.05)
    median = quantile(0.5)
    p95 = quantile(0.95)
    iqr = quantile(0.75) - quantile(0.25)
  }

  /// Statistics of all samples with the interval of their median.
  package init(rounds: [[Double]]) {
    self.init(rounds.flatMap { $0 })
    ci = Bootstrap.interval(ofRounds: rounds).map { [$0.lowerBound, $0.upperBound] }
  }

  /// The same statistics in another unit.
  package func scaled(by factor: Double) -> Statistics {
    var result = self
    result.min *= factor
    result.p5 *= factor
    result.median *= factor
    result.p95 *= factor
    result.iqr *= factor
    result.ci = ci?.map { $0 * factor }
    return result
  }
}
