/// What one series of dispatches is about: batch entries and KV heads.
package struct ListSection: Sendable, Hashable {
  /// Batch entries whose tensors are bound.
  package var bound: Range<Int>
  /// Batch entries computed, within `bound`.
  package var batches: Range<Int>
  /// KV heads computed of each entry.
  package var kvHeads: Range<Int>

  /// The lists that it needs, if there are lists: they lie one after another.
  package func lists(_ problem: ListProblem) -> Range<Int> {
    let perHead = problem.listHeads / max(problem.kvHeads, 1)
    guard perHead > 0, kvHeads.count < problem.kvHeads else {
      return batches.lowerBound * problem.listHeads..<batches.upperBound * problem.listHeads
    }
    let base = batches.lowerBound * problem.listHeads
    return base + kvHeads.lowerBound * perHead..<base + kvHeads.upperBound * perHead
  }
}
