import TesseraReference

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Intervals by resampling. Deterministic: the same samples give the same interval.
package enum Bootstrap {
  package static let confidence = 0.95
  private static let resamples = 1000

  /// The 95 % interval of the median of samples taken in rounds.
  ///
  /// Rounds are drawn anew, then the samples of each, so that both kinds of spread count. Three rounds are
  /// too few for resampling alone to see how far rounds may lie apart; the interval is at least Student's
  /// for the rounds' medians.
  package static func interval(ofRounds rounds: [[Double]]) -> ClosedRange<Double>? {
    let rounds = rounds.filter { !$0.isEmpty }
    guard !rounds.isEmpty else { return nil }
    var random = SeededRandom(1)
    let medians = (0..<resamples).map { _ in resampledMedian(rounds, &random) }.sorted()
    var (low, high) = ends(medians)
    let middle = median(rounds.flatMap { $0 })
    if rounds.count > 1 {
      let half = studentHalfWidth(rounds.map(median))
      (low, high) = (min(low, middle - half), max(high, middle + half))
    }
    return max(0, min(low, middle))...max(high, middle)
  }

  /// The 95 % interval of `median(b) / median(a)`.
  package static func ratio(
    of b: [[Double]], to a: [[Double]]
  ) -> ClosedRange<Double>? {
    guard let first = interval(ofRounds: a), let second = interval(ofRounds: b) else { return nil }
    let (x, y) = (median(a.flatMap { $0 }), median(b.flatMap { $0 }))
    guard x > 0, y > 0 else { return nil }
    // Errors of independent medians add in squares, relatively.
    func side(_ up: Bool) -> Double {
      let own = (up ? second.upperBound - y : y - second.lowerBound) / y
      let other = (up ? x - first.lowerBound : first.upperBound - x) / x
      return (own * own + other * other).squareRoot()
    }
    return (y / x * max(0, 1 - side(false)))...(y / x * (1 + side(true)))
  }

  static func median(_ values: [Double]) -> Double { Statistics(values).median }

  private static func resampledMedian(
    _ rounds: [[Double]], _ random: inout SeededRandom
  ) -> Double {
    var drawn: [Double] = []
    for _ in rounds.indices {
      let round = rounds[Int(random.uniform() * Double(rounds.count))]
      for _ in round.indices { drawn.append(round[Int(random.uniform() * Double(round.count))]) }
    }
    return median(drawn)
  }

  private static func ends(_ sorted: [Double]) -> (Double, Double) {
    let tail = (1 - confidence) / 2
    let last = Double(sorted.count - 1)
    return (sorted[Int(tail * last)], sorted[Int((1 - tail) * last)])
  }

  /// Student's half width for the mean of a few values.
  private static func studentHalfWidth(_ values: [Double]) -> Double {
    let n = Double(values.count)
    let mean = values.reduce(0, +) / n
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1)
    // 97.5 % quantiles of Student's distribution for 1 … 9 degrees of freedom.
    let quantiles = [12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26]
    return quantiles[min(values.count - 2, quantiles.count - 1)] * (variance / n).squareRoot()
  }
}
