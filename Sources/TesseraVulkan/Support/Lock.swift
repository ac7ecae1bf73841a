#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A mutual-exclusion lock that may hand Vulkan handles out of its scope.
///
/// `Synchronization.Mutex` requires results to be free of shared references, and C handles count as
/// shared. `@unchecked Sendable`: locking is what the type is for.
final class Lock: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>

  init() {
    mutex = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  func withLock<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body()
  }
}
