import CTesseraSIMD
import Synchronization
import TesseraCore
import TesseraHAL

/// Threads that share the workgroups of one dispatch with the dispatcher thread.
///
/// A dispatch is a *job* that is open for a while. A worker enters an open job, takes workgroups from
/// an atomic counter until none are left, and leaves. The dispatcher closes the job and waits for
/// those inside, so a worker that wakes up late finds it closed and touches nothing. `state` is twice
/// the number of workers inside, plus one while the job is open.
/// `@unchecked Sendable`: `job` and `scratch` change only while the job is closed and empty.
final class WorkerPool: @unchecked Sendable {
  /// What a job's workers read.
  struct Job {
    var function: HostFunction
    var groups: (x: Int, y: Int, z: Int)
    /// Workgroups in all, and how many are taken at once.
    var total: Int
    var chunk: Int
    var constants: UnsafeRawBufferPointer
    var buffers: UnsafeBufferPointer<UnsafeMutableRawBufferPointer>
    var localBytes: Int
  }

  /// Threads that compute, the dispatcher included.
  let threadCount: Int
  private let spins: Int
  private let memory: HostMemory
  private var job: Job?
  private var threads: [WorkerThread] = []
  /// Local memory of each thread.
  private var scratch: [UnsafeMutableRawPointer] = []
  private var scratchBytes = 0

  private let state = Atomic<Int>(0)
  private let generation = Atomic<Int>(0)
  private let next = Atomic<Int>(0)
  private let sleepers = Atomic<Int>(0)
  private let dispatcherSleeps = Atomic<Bool>(false)
  private let stopping = Atomic<Bool>(false)
  private let monitor = Monitor()

  init(threadCount: Int, memory: HostMemory) {
    self.threadCount = threadCount
    self.memory = memory
    // Waiting without sleeping pays only while every thread has a processor of its own.
    spins = threadCount <= HostMachine.processorCount ? 2000 : 0
  }

  deinit { releaseScratch() }

  /// Starts the workers. Fewer than wanted is slower, not wrong.
  func start() {
    for index in 1..<max(threadCount, 1) {
      guard let thread = WorkerThread({ [self] in work(index) }) else { break }
      threads.append(thread)
    }
  }

  /// Ends and joins the workers. No job may be open.
  func stop() {
    stopping.store(true, ordering: .sequentiallyConsistent)
    monitor.locked { monitor.broadcast() }
    for thread in threads { thread.join() }
    threads = []
  }

  /// Makes sure that every thread has `byteCount` bytes of local memory.
  func reserve(localBytes byteCount: Int) throws(TesseraError) {
    guard byteCount > scratchBytes || scratch.isEmpty else { return }
    releaseScratch()
    for _ in 0..<threadCount { scratch.append(try memory.allocate(max(byteCount, 64))) }
    scratchBytes = max(byteCount, 64)
  }

  private func releaseScratch() {
    for pointer in scratch { memory.free(pointer, byteCount: max(scratchBytes, 64)) }
    scratch = []
    scratchBytes = 0
  }

  /// Runs every workgroup and returns when all are done. Called by the dispatcher thread.
  func run(_ job: Job) {
    self.job = job
    next.store(0, ordering: .relaxed)
    guard job.total > 1, !threads.isEmpty else {
      runGroups(of: job, thread: 0)
      self.job = nil
      return
    }
    state.store(1, ordering: .releasing)
    generation.add(1, ordering: .sequentiallyConsistent)
    if sleepers.load(ordering: .sequentiallyConsistent) > 0 {
      monitor.locked { monitor.broadcast() }
    }
    runGroups(of: job, thread: 0)
    state.subtract(1, ordering: .sequentiallyConsistent)
    waitForWorkers()
    self.job = nil
  }

  private func waitForWorkers() {
    var spin = 0
    while state.load(ordering: .acquiring) != 0 {
      spin += 1
      if spin < max(spins, 50) {
        tessera_pause()
        continue
      }
      dispatcherSleeps.store(true, ordering: .sequentiallyConsistent)
      monitor.lock()
      while state.load(ordering: .sequentiallyConsistent) != 0 { monitor.wait() }
      monitor.unlock()
      dispatcherSleeps.store(false, ordering: .relaxed)
    }
  }

  /// A worker's life.
  private func work(_ thread: Int) {
    var seen = 0
    while true {
      awaitJob(after: seen)
      if stopping.load(ordering: .sequentiallyConsistent) { return }
      seen = generation.load(ordering: .sequentiallyConsistent)
      guard enter() else { continue }
      if let job { runGroups(of: job, thread: thread) }
      let left = state.subtract(2, ordering: .sequentiallyConsistent).newValue
      if left == 0, dispatcherSleeps.load(ordering: .sequentiallyConsistent) {
        monitor.locked { monitor.broadcast() }
      }
    }
  }

  private func awaitJob(after seen: Int) {
    for _ in 0..<spins {
      if generation.load(ordering: .acquiring) != seen { return }
      tessera_pause()
    }
    monitor.lock()
    sleepers.add(1, ordering: .sequentiallyConsistent)
    while generation.load(ordering: .sequentiallyConsistent) == seen,
      !stopping.load(ordering: .sequentiallyConsistent)
    {
      monitor.wait()
    }
    sleepers.subtract(1, ordering: .sequentiallyConsistent)
    monitor.unlock()
  }

  /// Joins the open job; false if it is closed.
  private func enter() -> Bool {
    var current = state.load(ordering: .acquiring)
    while current & 1 == 1 {
      let (exchanged, original) = state.weakCompareExchange(
        expected: current, desired: current + 2, ordering: .acquiringAndReleasing)
      if exchanged { return true }
      current = original
    }
    return false
  }

  private func runGroups(of job: Job, thread: Int) {
    let groups = job.groups
    let local = UnsafeMutableRawBufferPointer(start: scratch[thread], count: job.localBytes)
    while true {
      let start = next.add(job.chunk, ordering: .relaxed).oldValue
      guard start < job.total else { return }
      let row = start / groups.x
      var group = (x: start % groups.x, y: row % groups.y, z: row / groups.y)
      for _ in start..<min(start + job.chunk, job.total) {
        job.function(
          HostGroup(
            group: group, groups: groups, constants: job.constants, buffers: job.buffers,
            local: local))
        group.x += 1
        guard group.x == groups.x else { continue }
        group.x = 0
        group.y += 1
        guard group.y == groups.y else { continue }
        group.y = 0
        group.z += 1
      }
    }
  }
}
