import Synchronization
package import TesseraCore
import TesseraHAL

extension DeviceContext {
  /// Submits what has gathered. Returns the timeline value that completes all work so far.
  @discardableResult
  package func flush() throws(TesseraError) -> UInt64 {
    try lock.withLock { _ throws(TesseraError) in try flushLocked() }
  }

  /// Waits for all work recorded so far.
  /// - Parameter seconds: longest wait; nil waits as long as it takes.
  /// - Throws: `timedOut`, or the failure of the work.
  package func synchronize(seconds: Double? = nil) throws(TesseraError) {
    try wait(for: try flush(), seconds: seconds)
  }

  /// Waits until the timeline reaches `value`, submitting the open batch if it is needed for that.
  package func wait(for value: UInt64, seconds: Double? = nil) throws(TesseraError) {
    let known = try lock.withLock { _ throws(TesseraError) -> UInt64 in
      if let lost { throw lost }
      if value >= nextValue { try flushLocked() }
      return completed
    }
    if known >= value { return }
    let reached: Bool
    do {
      reached = try timeline.wait(for: value, seconds: seconds)
    } catch {
      throw fail(error)
    }
    guard reached else { throw .timedOut("work on \(name)", seconds: seconds ?? 0) }
    lock.withLock { _ in retireCompleted(upTo: value) }
  }

  /// The highest completed timeline value, asked of the driver.
  @discardableResult
  package func refreshCompleted() throws(TesseraError) -> UInt64 {
    let value: UInt64
    do {
      value = try timeline.completedValue()
    } catch {
      throw fail(error)
    }
    lock.withLock { _ in retireCompleted(upTo: value) }
    return value
  }

  /// The open encoder, started if there is none. Call under `lock`.
  func openEncoder() throws(TesseraError) -> any HALEncoder {
    if let lost { throw lost }
    if let encoder { return encoder }
    let fresh = try device.makeEncoder()
    for label in labels { fresh.pushLabel(label) }
    hazards.reset()
    encoder = fresh
    return fresh
  }

  /// Counts a command and submits the batch when it is worth it. Call under `lock`.
  func commandRecorded(bytes: Int) throws(TesseraError) {
    batch.commands += 1
    batch.estimatedBytes &+= bytes
    // A span must lie in one batch, so that its device time is one difference.
    guard openSpans == 0 else { return }
    // The first batch goes early so that an idle device starts; later ones gather more, because it
    // has work already.
    let idle = inFlight.isEmpty
    if batch.commands >= (idle ? 16 : 256) || batch.estimatedBytes >= (idle ? 16 << 20 : 1 << 30) {
      try flushLocked()
    }
  }

  @discardableResult
  func flushLocked() throws(TesseraError) -> UInt64 {
    guard let open = encoder else { return nextValue - 1 }
    encoder = nil
    let finished = batch
    let timing = openSlot
    batch = Batch()
    openSlot = nil
    hazards.reset()
    do {
      if let timing { try open.endTiming(timing) }
      let commands = try open.finish()
      try device.submit(commands, wait: [], signal: (timeline, nextValue))
      finished.result.commands = commands
    } catch {
      // None of the batch ran: its results are not there, and whoever reads them is told why.
      finished.result.outcome.fail(error)
      if error.code == .deviceLost { lost = error }
      throw error
    }
    finished.result.value = nextValue
    inFlight.append(InFlight(value: nextValue, result: finished.result))
    counters.batches += 1
    nextValue += 1
    return nextValue - 1
  }

  /// Lets go of batches that are done. Call under `lock`.
  func retireCompleted(upTo value: UInt64) {
    guard value > completed else { return }
    completed = value
    while let first = inFlight.first, first.value <= value {
      inFlight.removeFirst()
      trace.collect(first.result)
      // The span handles keep the result; the commands' buffers are let go with it.
    }
  }

  /// Remembers that the device failed: everything in flight is lost.
  private func fail(_ error: TesseraError) -> TesseraError {
    lock.withLock { _ in
      if lost == nil {
        lost = error
        for entry in inFlight { entry.result.outcome.fail(error) }
      }
    }
    return error
  }
}
