import Synchronization

/// Recordings waiting to be used again, a few at most.
final class RecordingPool: Sendable {
  private let idle = Mutex<[Recording]>([])

  func take() -> Recording { idle.withLock { $0.popLast() } ?? Recording() }

  func recycle(_ recording: Recording) {
    // Outside the lock: this may free buffers.
    recording.removeAll()
    idle.withLock { if $0.count < 8 { $0.append(recording) } }
  }

  func trim() {
    let dropped = idle.withLock { list in
      defer { list = [] }
      return list
    }
    withExtendedLifetime(dropped) {}
  }
}
