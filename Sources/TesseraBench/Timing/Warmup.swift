import TesseraCore
import TesseraRuntime

/// Runs until the clock is up: for a time, and until the last runs agree.
enum Warmup {
  /// Repeats `contender` for `seconds` at least and three times as long at most; it ends when the last
  /// five runs lie within 5 % of their median.
  /// - Returns: the last runs' median.
  static func run(_ contender: Contender, seconds: Double) throws(TesseraError) -> Double {
    var recent: [Double] = []
    let started = HostClock.now()
    while true {
      recent.append(try contender.run())
      if recent.count > 5 { recent.removeFirst() }
      let elapsed = HostClock.seconds(since: started)
      guard elapsed >= seconds else { continue }
      let statistics = Statistics(recent)
      let steady =
        recent.count == 5
        && recent.allSatisfy {
          abs($0 - statistics.median) <= 0.05 * statistics.median
        }
      if steady || elapsed >= 3 * seconds { return statistics.median }
    }
  }
}
