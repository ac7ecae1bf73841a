import Synchronization

/// Which call of a driver is to fail, and what is alive in it. C functions carry no state, so it is
/// kept here; the suites that use it are serialized.
enum FaultPoint {
  /// Calls until the failing one; 0 or less once it has passed or none is to fail.
  private static let countdown = Atomic<Int>(0)
  private static let seen = Atomic<Int>(0)
  private static let name = Mutex("")
  private static let alive = Mutex<[String: Int]>([:])

  /// Lets the `n`-th call from now (from 1) fail; 0 lets none.
  static func arm(_ n: Int) {
    seen.store(0, ordering: .sequentiallyConsistent)
    name.withLock { $0 = "" }
    countdown.store(n, ordering: .sequentiallyConsistent)
  }

  /// Starts counting objects from nothing.
  static func reset() {
    arm(0)
    alive.withLock { $0 = [:] }
  }

  /// Whether this call is the one.
  static func isDue(_ call: StaticString) -> Bool {
    seen.add(1, ordering: .sequentiallyConsistent)
    guard countdown.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 else { return false }
    name.withLock { $0 = "\(call)" }
    return true
  }

  /// The call that failed; empty if none has.
  static var failed: String { name.withLock { $0 } }
  /// Calls since `arm`.
  static var calls: Int { seen.load(ordering: .sequentiallyConsistent) }

  /// Notes that objects were made (+1) or released (-1).
  static func count(_ kind: String, _ change: Int) {
    alive.withLock { $0[kind, default: 0] += change }
  }

  /// Objects that are alive, by kind.
  static var leaks: [String: Int] { alive.withLock { $0.filter { $0.value != 0 } } }
}
