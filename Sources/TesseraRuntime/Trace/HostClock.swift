#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The host's monotonic clock in nanoseconds.
package enum HostClock {
  package static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
