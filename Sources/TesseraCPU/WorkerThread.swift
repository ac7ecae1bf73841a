#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// One operating-system thread that runs one function.
struct WorkerThread: @unchecked Sendable {
  // A thread's identifier is a plain value that any thread may hold.
  private let identifier: pthread_t

  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Starts the thread; nil if the system has no more of them.
  ///
  /// Signals stay with the program's own threads: a handler must not run in the middle of a kernel.
  init?(_ run: @escaping @Sendable () -> Void) {
    var all = sigset_t()
    var previous = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, &previous)
    defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
    let body = Unmanaged.passRetained(Body(run))
    #if canImport(Darwin)
    var created: pthread_t?
    let status = pthread_create(&created, nil, { WorkerThread.enter($0) }, body.toOpaque())
    #else
    var created = pthread_t()
    let status = pthread_create(&created, nil, { WorkerThread.enter($0) }, body.toOpaque())
    #endif
    guard status == 0 else {
      body.release()
      return nil
    }
    #if canImport(Darwin)
    guard let created else { return nil }
    #endif
    identifier = created
  }

  private static func enter(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
    return nil
  }

  /// Waits until the thread has ended. Called on the thread itself, lets it end on its own instead.
  func join() {
    if pthread_equal(identifier, pthread_self()) != 0 {
      pthread_detach(identifier)
    } else {
      pthread_join(identifier, nil)
    }
  }
}
