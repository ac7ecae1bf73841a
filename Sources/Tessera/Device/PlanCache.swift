import Synchronization
package import TesseraKernels

/// Prepared plans by problem, so that repeating an operator plans and builds nothing.
package final class PlanCache: Sendable {
  private struct State {
    var plans: [Key: PreparedPlan] = [:]
    var hits = 0
  }
  private struct Key: Hashable, @unchecked Sendable {
    // Problems are `Hashable & Sendable` value types; `AnyHashable` forgets the second half.
    var problem: AnyHashable
  }
  private let state = Mutex(State())
  /// Distinct problems kept; a program with more shapes than this starts over.
  private static let capacity = 1024

  package init() {}

  /// The prepared plan of `problem`, made by `make` the first time.
  package func plan<Problem: Hashable & Sendable, E: Error>(
    _ problem: Problem, make: () throws(E) -> PreparedPlan
  ) throws(E) -> PreparedPlan {
    let key = Key(problem: AnyHashable(problem))
    let found = state.withLock { state -> PreparedPlan? in
      guard let plan = state.plans[key] else { return nil }
      state.hits += 1
      return plan
    }
    if let found { return found }
    let made = try make()
    state.withLock { state in
      if state.plans.count >= Self.capacity { state.plans.removeAll(keepingCapacity: true) }
      state.plans[key] = made
    }
    return made
  }
}
