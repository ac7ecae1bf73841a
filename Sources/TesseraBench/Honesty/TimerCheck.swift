/// Compares what a contender says it took with the host's clock around a batch that ends in one wait.
package enum TimerCheck {
  /// Disagreement that is borne.
  package static let tolerance = 0.2

  /// - Parameters:
  ///   - reported: seconds per run by the contender's own timer.
  ///   - wall: seconds per run of a batch of runs, the wait at its end included.
  ///   - recording: seconds per run of that batch before the wait: the host's own work.
  ///   - allowance: seconds per run that starting and waiting may cost besides.
  package static func finding(
    reported: Double, wall: Double, recording: Double, allowance: Double = 0
  ) -> Finding? {
    let difference = wall - reported
    guard abs(difference) > tolerance * wall, difference > allowance || difference < 0 else {
      return nil
    }
    let numbers = "own timer \(microseconds(reported)) µs, wall \(microseconds(wall)) µs per run"
    guard difference > 0 else {
      return Finding(.timers, numbers + ": the device's clock runs slow, or runs overlap")
    }
    return Finding(
      .timers,
      numbers
        + (recording > 0.8 * wall
          ? ": the host, which needs \(microseconds(recording)) µs to record one, is the limit"
          : ": the timer stops before the work is done, or the device waits between runs"))
  }

  static func microseconds(_ seconds: Double) -> String {
    let tenths = Int((seconds * 1e7).rounded())
    return tenths >= 1000 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
  }
}
