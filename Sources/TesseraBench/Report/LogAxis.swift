#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A logarithmic axis over whole decades.
struct LogAxis {
  let low: Int
  let high: Int
  private let from: Double
  private let to: Double

  /// Covers `values`, all above 0, drawn from `from` to `to`.
  init(_ values: [Double], from: Double, to: Double) {
    let finite = values.filter { $0 > 0 && $0.isFinite }
    let first = Int(log10(finite.min() ?? 1).rounded(.down))
    let last = Int(log10(finite.max() ?? 10).rounded(.up))
    (low, high) = (first, max(last, first + 1))
    (self.from, self.to) = (from, to)
  }

  func place(_ value: Double) -> Double {
    let share = (log10(max(value, 1e-300)) - Double(low)) / Double(high - low)
    return from + min(max(share, 0), 1) * (to - from)
  }

  var decades: ClosedRange<Int> { low...high }
  /// The value at the end of the axis.
  var end: Double { pow(10, Double(high)) }
  var start: Double { pow(10, Double(low)) }
}
