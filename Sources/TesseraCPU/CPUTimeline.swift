import CTesseraSIMD
import Synchronization
package import TesseraCore
import TesseraHAL

/// A counter raised by the dispatcher thread.
///
/// `@unchecked Sendable`: `failure` is touched only under the monitor's lock.
package final class CPUTimeline: HALTimeline, @unchecked Sendable {
  private let value = Atomic<UInt64>(0)
  private let failed = Atomic<Bool>(false)
  private let monitor = Monitor()
  private var failure: TesseraError?

  init() {}

  package func completedValue() throws(TesseraError) -> UInt64 {
    try checkFailure()
    return value.load(ordering: .acquiring)
  }

  package func wait(for target: UInt64, seconds: Double?) throws(TesseraError) -> Bool {
    // Short work ends before a sleeping thread could be woken.
    for _ in 0..<500 {
      if value.load(ordering: .acquiring) >= target { return true }
      if failed.load(ordering: .acquiring) { break }
      tessera_pause()
    }
    let deadline = seconds.map(Clock.deadline(after:))
    monitor.lock()
    while failure == nil, value.load(ordering: .acquiring) < target {
      guard let deadline else {
        monitor.wait()
        continue
      }
      if Clock.now() >= deadline { break }
      monitor.wait(until: deadline)
    }
    monitor.unlock()
    if value.load(ordering: .acquiring) >= target { return true }
    try checkFailure()
    return false
  }

  /// Raises the counter; a lower value leaves it as it is.
  func signal(_ target: UInt64) {
    monitor.locked {
      if value.load(ordering: .relaxed) < target { value.store(target, ordering: .releasing) }
      monitor.broadcast()
    }
  }

  /// Ends all waits, now and later, with `error`; the first failure stays.
  func fail(_ error: TesseraError) {
    monitor.locked {
      if failure == nil { failure = error }
      failed.store(true, ordering: .releasing)
      monitor.broadcast()
    }
  }

  var hasFailed: Bool { failed.load(ordering: .acquiring) }

  private func checkFailure() throws(TesseraError) {
    guard failed.load(ordering: .acquiring) else { return }
    if let failure = monitor.locked({ failure }) { throw failure }
  }
}
