import Synchronization

/// The live allocations of a device that have guards, known weakly.
final class GuardedAllocations: Sendable {
  private struct Entry {
    weak var allocation: Allocation?
  }
  private let entries = Mutex<[ObjectIdentifier: Entry]>([:])

  func add(_ allocation: Allocation) {
    entries.withLock { $0[ObjectIdentifier(allocation)] = Entry(allocation: allocation) }
  }

  /// Called when the allocation goes, which must not happen under the lock.
  func remove(_ allocation: Allocation) {
    entries.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(allocation)) }
  }

  var all: [Allocation] { entries.withLock { $0.values.compactMap(\.allocation) } }
}
