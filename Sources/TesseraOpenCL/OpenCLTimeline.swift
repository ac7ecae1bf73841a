import COpenCL
import Synchronization
package import TesseraCore
import TesseraHAL

/// A counter derived from events: each submission leaves its value and the event that ends it.
///
/// No driver callbacks are used, so nothing of ours runs on a driver's thread.
package final class OpenCLTimeline: HALTimeline, @unchecked Sendable {
  // Unchecked: events are plain handles; the list of them is guarded by `state`.
  let device: OpenCLDevice

  // Unchecked: an event handle may be used from any thread.
  private struct Pending: @unchecked Sendable {
    let value: UInt64
    let event: cl_event
  }
  private struct State {
    var completed: UInt64 = 0
    /// Submissions in order; those before `head` are done and released.
    var pending: [Pending] = []
    var head = 0
    var failure: TesseraError?
  }
  private let state = Mutex(State())

  init(device: OpenCLDevice) { self.device = device }

  deinit {
    state.withLock { state in
      for entry in state.pending[state.head...] {
        _ = device.library.functions.clReleaseEvent(entry.event)
      }
    }
  }

  /// Adds a submission that raises the timeline to `value` when `event` is complete. Takes over the
  /// event.
  func append(_ value: UInt64, adopting event: cl_event?) throws(TesseraError) {
    guard let event else { throw .driver("clEnqueue", status: "success but no event") }
    state.withLock { state in
      advance(&state)
      state.pending.append(Pending(value: value, event: event))
    }
  }

  package func completedValue() throws(TesseraError) -> UInt64 {
    try state.withLock { state throws(TesseraError) in
      advance(&state)
      if let failure = state.failure { throw failure }
      return state.completed
    }
  }

  package func wait(for value: UInt64, seconds: Double?) throws(TesseraError) -> Bool {
    var pause = Backoff(seconds: seconds)
    while try completedValue() < value {
      if seconds == nil, let event = retainedEvent(reaching: value) {
        try block(on: event)
      } else if !pause.sleep() {
        // The last look may have been long ago.
        return try completedValue() >= value
      }
    }
    return true
  }

  /// The event that brings the timeline to `value`, retained for the caller; nil if nothing
  /// submitted so far does.
  private func retainedEvent(reaching value: UInt64) -> cl_event? {
    state.withLock { state in
      guard let entry = state.pending[state.head...].first(where: { $0.value >= value }) else {
        return nil
      }
      _ = device.library.functions.clRetainEvent(entry.event)
      return entry.event
    }
  }

  private func block(on event: cl_event) throws(TesseraError) {
    let cl = device.library.functions
    var handle: cl_event? = event
    defer { _ = cl.clReleaseEvent(event) }
    let status = cl.clWaitForEvents(1, &handle)
    // The event itself says what failed: `advance` reads it.
    if status == CL_SUCCESS || status == CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST { return }
    let error = device.failure(status, "clWaitForEvents", .wait)
    state.withLock { if $0.failure == nil { $0.failure = error } }
    throw error
  }

  /// Takes finished submissions off the list. The first failure stops it for good.
  private func advance(_ state: inout State) {
    let cl = device.library.functions
    while state.failure == nil, state.head < state.pending.count {
      let entry = state.pending[state.head]
      var execution: cl_int = CL_QUEUED
      let status = cl.clGetEventInfo(
        entry.event, cl_event_info(CL_EVENT_COMMAND_EXECUTION_STATUS), MemoryLayout<cl_int>.size,
        &execution, nil)
      guard status == CL_SUCCESS else {
        state.failure = device.failure(status, "clGetEventInfo", .wait)
        break
      }
      if execution < 0 {
        state.failure = device.failure(execution, "submitted work", .wait)
        break
      }
      guard execution == CL_COMPLETE else { break }
      state.completed = max(state.completed, entry.value)
      _ = cl.clReleaseEvent(entry.event)
      state.head += 1
    }
    // Compact now and then: constant work per submission, no allocation.
    if state.head == state.pending.count || state.head >= 64 {
      state.pending.removeFirst(state.head)
      state.head = 0
    }
  }
}
