import Synchronization
package import TesseraCore
import TesseraHAL

/// A stretch of commands whose device time is measured.
package struct TimedSpan: Sendable {
  let result: BatchResult
  let slots: Range<Int>
  let context: DeviceContext

  /// Waits for the commands and returns their device time in seconds, or nil where the device keeps
  /// no time or the span is empty.
  package func seconds() throws(TesseraError) -> Double? {
    if let failure = result.outcome.failure { throw failure }
    // Another thread may be submitting the batch: both fields are read together, under the lock.
    func submitted() -> (commands: (any HALCommands)?, value: UInt64) {
      context.lock.withLock { _ in (result.commands, result.value) }
    }
    if submitted().commands == nil { try context.flush() }
    if let failure = result.outcome.failure { throw failure }
    let (finished, value) = submitted()
    guard let commands = finished else { return nil }
    try context.wait(for: value)
    let timings = try commands.timings()
    var (start, end): (UInt64, UInt64) = (.max, 0)
    for slot in slots where slot < timings.count {
      guard let timing = timings[slot] else { continue }
      start = min(start, timing.start)
      end = max(end, timing.end)
    }
    return end >= start && start != .max ? Double(end - start) * 1e-9 : nil
  }
}

extension DeviceContext {
  /// Runs `body` and measures the device time of the commands it records.
  ///
  /// Nothing is submitted on its own account between the span's first and last command. A wait on the
  /// device in between, from `body` or from another thread, closes the batch, and the measurement ends
  /// there. Commands that other threads record meanwhile are counted in.
  package func timed<R>(
    _ body: () throws(TesseraError) -> R
  ) throws(TesseraError) -> (result: R, span: TimedSpan) {
    let (slot, result) = try lock.withLock { _ throws(TesseraError) -> (Int, BatchResult) in
      let encoder = try openEncoder()
      openSpans += 1
      // While tracing every command has a slot of its own, and slots may not overlap; nor may those of
      // spans, so a span inside another, or beside it on another thread, shares its slot.
      guard !trace.isOn else { return (batch.timingSlots, batch.result) }
      if let openSlot { return (openSlot, batch.result) }
      let slot = batch.timingSlots
      batch.timingSlots += 1
      try encoder.beginTiming(slot)
      openSlot = slot
      return (slot, batch.result)
    }
    let value: R
    do {
      value = try body()
    } catch {
      _ = try? endSpan(slot, result)
      throw error
    }
    let upper = try endSpan(slot, result)
    return (value, TimedSpan(result: result, slots: slot..<max(upper, slot), context: self))
  }

  /// Ends a span and returns one past its last slot.
  private func endSpan(_ slot: Int, _ result: BatchResult) throws(TesseraError) -> Int {
    try lock.withLock { _ throws(TesseraError) in
      openSpans -= 1
      if openSpans == 0, let open = openSlot, let encoder {
        openSlot = nil
        try encoder.endTiming(open)
      }
      return trace.isOn && result === batch.result ? batch.timingSlots : slot + 1
    }
  }

  /// Gives a traced command its own timing slot. Call under `lock`.
  func beginTracedCommand(
    _ encoder: any HALEncoder, label: String, bytes: Int
  ) throws(TesseraError) -> Int? {
    guard trace.isOn else { return nil }
    let slot = batch.timingSlots
    batch.timingSlots += 1
    batch.result.traceEntries.append(
      TraceRecorder.Pending(
        label: label, path: labels, slot: slot, bytes: bytes, recordedAt: HostClock.now()))
    try encoder.beginTiming(slot)
    return slot
  }
}
