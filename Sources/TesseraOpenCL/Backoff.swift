#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Pauses between two looks at a condition: short at first, longer the longer it takes.
struct Backoff {
  private let deadline: ContinuousClock.Instant?
  private var nanoseconds = 5_000
  private var looks = 0

  /// `seconds` nil never ends.
  init(seconds: Double?) {
    // A century stands for every longer time: durations of more seconds than fit would trap.
    deadline = seconds.map { .now + .seconds(min(max($0, 0), 3e9)) }
  }

  /// Pauses, but not beyond the deadline.
  /// - Returns: false if the deadline has passed.
  mutating func sleep() -> Bool {
    looks += 1
    var pause = nanoseconds
    if let deadline {
      let left = ContinuousClock.now.duration(to: deadline)
      guard left > .zero else { return false }
      if left < .milliseconds(1) { pause = min(pause, Int(left / .nanoseconds(1))) }
    }
    // Most work that is waited for is short: look again at once a few times.
    if looks <= 4 {
      sched_yield()
      return true
    }
    var time = timespec(tv_sec: 0, tv_nsec: pause)
    nanosleep(&time, nil)
    nanoseconds = min(nanoseconds * 3 / 2, 500_000)
    return true
  }
}
