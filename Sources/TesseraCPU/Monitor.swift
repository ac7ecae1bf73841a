#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A mutex with one condition variable whose timed wait follows the monotonic clock.
///
/// `Synchronization.Mutex` has no condition to wait on, hence pthreads. `@unchecked Sendable`: the
/// two objects are made for sharing and never move.
final class Monitor: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>

  init() {
    mutex = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    condition.initialize(to: pthread_cond_t())
    pthread_mutex_init(mutex, nil)
    #if canImport(Darwin)
    pthread_cond_init(condition, nil)
    #else
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
    #endif
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  func lock() { pthread_mutex_lock(mutex) }
  func unlock() { pthread_mutex_unlock(mutex) }

  /// Runs `body` while holding the lock.
  func locked<Result>(_ body: () -> Result) -> Result {
    lock()
    defer { unlock() }
    return body()
  }

  /// Waits for a broadcast; may also return without one. Call while holding the lock.
  func wait() { pthread_cond_wait(condition, mutex) }

  /// Waits for a broadcast until `deadline` on the monotonic clock. Call while holding the lock.
  func wait(until deadline: UInt64) {
    #if canImport(Darwin)
    let now = Clock.now()
    guard deadline > now else { return }
    var time = timespec(nanoseconds: deadline - now)
    pthread_cond_timedwait_relative_np(condition, mutex, &time)
    #else
    var time = timespec(nanoseconds: deadline)
    pthread_cond_timedwait(condition, mutex, &time)
    #endif
  }

  func broadcast() { pthread_cond_broadcast(condition) }
}

extension timespec {
  fileprivate init(nanoseconds: UInt64) {
    self.init(
      tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
  }
}

/// The device's clock.
enum Clock {
  /// Nanoseconds on the system's monotonic clock.
  static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// The time `seconds` from now; the far future if that cannot be told apart from it.
  static func deadline(after seconds: Double) -> UInt64 {
    guard seconds > 0 else { return now() }
    // A century is for ever, and stays far from overflow.
    return now() + UInt64(min(seconds, 3.2e9) * 1e9)
  }
}
