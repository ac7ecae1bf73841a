import Synchronization
package import TesseraCore

/// The driver calls that a recording device has seen, and which of them is to fail.
package final class CallLog: Sendable {
  /// The kinds of call, as they appear in the log.
  package enum Call: String, Sendable, Hashable, CaseIterable {
    case allocate, makeKernel, makeTimeline, makeEncoder, submit, dispatch, copy, fill, update,
      barrier, finish, wait, completedValue, hostBytes
  }

  private struct State {
    var calls: [Call] = []
    var failAt: Int?
    var error = TesseraError(.driver, "injected failure")
    var only: Set<Call>?
    var failed = false
  }
  private let state = Mutex(State())

  package init() {}

  /// Every call since the start or `reset`.
  package var calls: [Call] { state.withLock { $0.calls } }
  /// Whether the injected failure has happened.
  package var hasFailed: Bool { state.withLock { $0.failed } }

  /// Makes the `index`-th call from now (1 is the next) fail with `error`; with `only`, counts just
  /// calls of those kinds. Nil takes the failure away.
  package func fail(
    at index: Int?, with error: TesseraError = TesseraError(.driver, "injected failure"),
    only: Set<Call>? = nil
  ) {
    state.withLock {
      $0.calls = []
      $0.failAt = index
      $0.error = error
      $0.only = only
      $0.failed = false
    }
  }

  /// Notes a call and throws if it is the one to fail.
  func note(_ call: Call) throws(TesseraError) {
    let error = state.withLock { state -> TesseraError? in
      if let only = state.only, !only.contains(call) { return nil }
      state.calls.append(call)
      guard state.calls.count == state.failAt else { return nil }
      state.failed = true
      return state.error
    }
    if let error { throw error }
  }
}
