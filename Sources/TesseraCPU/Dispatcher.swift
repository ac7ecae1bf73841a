import CTesseraSIMD
import Synchronization
import TesseraCore
import TesseraHAL

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Runs submissions one after the other on a thread of its own.
///
/// `@unchecked Sendable`: `incoming` and `stopping` are touched only under the monitor's lock.
final class Dispatcher: @unchecked Sendable {
  struct Submission {
    var commands: CPUCommands
    var wait: [(timeline: any HALTimeline, value: UInt64)]
    var timeline: CPUTimeline
    var value: UInt64
  }

  private let pool: WorkerPool
  private let device: String
  private let monitor = Monitor()
  private var incoming: [Submission] = []
  private var stopping = false
  private let pending = Atomic<Int>(0)
  private var thread: WorkerThread?

  init(pool: WorkerPool, device: String) {
    self.pool = pool
    self.device = device
  }

  func start() throws(TesseraError) {
    guard let thread = WorkerThread({ [self] in serve() }) else {
      throw .driver("pthread_create", status: "no more threads")
    }
    self.thread = thread
    pool.start()
  }

  /// Lets what can run finish, gives up on what waits for other timelines, and ends the threads.
  func stop() {
    monitor.locked {
      stopping = true
      monitor.broadcast()
    }
    thread?.join()
    pool.stop()
  }

  func submit(_ submission: Submission) {
    pending.add(1, ordering: .sequentiallyConsistent)
    monitor.locked {
      incoming.append(submission)
      monitor.broadcast()
    }
  }

  private func serve() {
    var taken: [Submission] = []
    while true {
      // A caller that submits small pieces one by one need not wake the thread each time.
      var spin = 0
      while pending.load(ordering: .acquiring) == 0, spin < 1000 {
        spin += 1
        tessera_pause()
      }
      monitor.lock()
      while incoming.isEmpty, !stopping { monitor.wait() }
      // Swapping keeps the capacity of both arrays.
      swap(&incoming, &taken)
      monitor.unlock()
      if taken.isEmpty { return }
      pending.subtract(taken.count, ordering: .sequentiallyConsistent)
      for submission in taken { run(submission) }
      taken.removeAll(keepingCapacity: true)
    }
  }

  private func run(_ submission: Submission) {
    // What comes after a failure depends on it.
    guard !submission.timeline.hasFailed else { return }
    do throws(TesseraError) {
      for entry in submission.wait { try waitFor(entry.timeline, entry.value) }
      try execute(submission.commands.recording)
      submission.timeline.signal(submission.value)
    } catch {
      submission.timeline.fail(error)
    }
  }

  private func waitFor(_ timeline: any HALTimeline, _ value: UInt64) throws(TesseraError) {
    while true {
      let reached: Bool
      do throws(TesseraError) {
        reached = try timeline.wait(for: value, seconds: 0.05)
      } catch {
        throw .poisoned(by: error)
      }
      if reached { return }
      if monitor.locked({ stopping }) {
        throw .deviceLost(device, detail: "closed while work was waiting for another timeline")
      }
    }
  }

  private func execute(_ recording: Recording) throws(TesseraError) {
    try pool.reserve(localBytes: recording.localBytes)
    recording.bindings.withUnsafeBufferPointer { bindings in
      recording.inline.withUnsafeBytes { inline in
        recording.times.withUnsafeMutableBufferPointer { times in
          for command in recording.commands {
            perform(command, bindings: bindings, inline: inline, times: times)
          }
        }
      }
    }
  }

  private func perform(
    _ command: Recording.Command, bindings: UnsafeBufferPointer<UnsafeMutableRawBufferPointer>,
    inline: UnsafeRawBufferPointer,
    times: UnsafeMutableBufferPointer<(start: UInt64, end: UInt64)>
  ) {
    switch command {
    case .dispatch(let dispatch):
      let total = dispatch.groups.count
      // Several chunks per thread even out unequal workgroups; large ones spare the counter.
      let chunk = max(1, min(64, total / (pool.threadCount * 8)))
      let (first, block) = (dispatch.bindings, dispatch.constants * 16)
      pool.run(
        .init(
          function: dispatch.function,
          groups: (dispatch.groups.x, dispatch.groups.y, dispatch.groups.z),
          total: total, chunk: chunk,
          constants: UnsafeRawBufferPointer(
            rebasing: inline[block..<block + dispatch.constantBytes]),
          buffers: UnsafeBufferPointer(
            rebasing: bindings[first..<first + dispatch.bindingCount]),
          localBytes: dispatch.localBytes))
    case .copy(let from, let to, let byteCount):
      memmove(to, from, byteCount)
    case .fill(let start, let byteCount, let pattern):
      tessera_fill_u32(start, pattern, byteCount / 4)
    case .update(let start, let block, let byteCount):
      guard byteCount > 0, let base = inline.baseAddress else { return }
      start.copyMemory(from: base + block * 16, byteCount: byteCount)
    case .beginTiming(let slot):
      times[slot].start = Clock.now()
    case .endTiming(let slot):
      times[slot].end = Clock.now()
    }
  }
}
