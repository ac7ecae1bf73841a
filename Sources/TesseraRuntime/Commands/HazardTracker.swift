package import TesseraHAL

/// Finds where a barrier is needed between commands of one batch.
///
/// Remembers the byte ranges touched since the last barrier. A new access that overlaps one of them
/// needs a barrier if either writes: read after write, write after read, write after write.
package struct HazardTracker {
  private struct Use {
    var buffer: ObjectIdentifier
    var lower: Int
    var upper: Int
    var writes: Bool
  }
  private var uses: [Use] = []
  /// Barriers asked for since the start, for tests and traces.
  package private(set) var barrierCount = 0
  /// Beyond this many ranges a barrier is cheaper than the search.
  private static let capacity = 96

  package init() { uses.reserveCapacity(Self.capacity) }

  /// Whether touching the range now needs a barrier first.
  package func conflicts(_ buffer: any HALBuffer, offset: Int, byteCount: Int, writes: Bool) -> Bool {
    if uses.count >= Self.capacity { return true }
    let id = ObjectIdentifier(buffer)
    for use in uses where use.buffer == id && (writes || use.writes) {
      if use.lower < offset + byteCount && offset < use.upper { return true }
    }
    return false
  }

  /// Records an access made after the last barrier.
  package mutating func record(_ buffer: any HALBuffer, offset: Int, byteCount: Int, writes: Bool) {
    uses.append(
      Use(buffer: ObjectIdentifier(buffer), lower: offset, upper: offset + byteCount, writes: writes))
  }

  /// Forgets everything: a barrier was recorded.
  package mutating func barrier() {
    barrierCount += 1
    uses.removeAll(keepingCapacity: true)
  }

  /// Forgets everything: a new batch starts, and batches are ordered.
  package mutating func reset() { uses.removeAll(keepingCapacity: true) }
}
