package import TesseraCore

/// A counter that only grows; submissions raise it when their work is done.
package protocol HALTimeline: AnyObject, Sendable {
  /// The value reached by completed work.
  /// - Throws: the failure of the work (`deviceLost`, `driver`), again on every later call.
  func completedValue() throws(TesseraError) -> UInt64
  /// Waits until `value` is reached. `seconds` nil waits without limit.
  /// - Returns: false if the time ran out first.
  func wait(for value: UInt64, seconds: Double?) throws(TesseraError) -> Bool
}
