extension Plan {
  /// Completes what a plan of attention over lists says of itself: operations needed, bytes that must
  /// move. What lists hold is known to the device only: they are counted as if full, without regard to
  /// causality.
  ///
  /// A pair of a query and a key takes `2·(D + Dv)` operations forward, and `2·(3·D + 2·Dv)` backward:
  /// scores, dP, dV, dQ and dK.
  mutating func finishLists(_ problem: ListProblem, backward: Bool) {
    let (d, dv) = (Double(problem.headDim), Double(problem.valueDim))
    let reach =
      problem.listed ? min(problem.listWidth * problem.keyBlock, problem.keys) : problem.keys
    let pairs = Double(problem.batch * problem.heads * problem.queries) * Double(reach)
    flopsNeeded = pairs * 2 * (backward ? 3 * d + 2 * dv : d + dv)
    flopsDone = flopsNeeded
    // What is read of the operands and written to them once, at least.
    var seen: [Int: Int] = [:]
    for dispatch in dispatches {
      for argument in dispatch.arguments {
        if case .operand(let position) = argument.source {
          seen[position] = max(seen[position] ?? 0, argument.offset + argument.byteCount)
        }
      }
    }
    bytes = Double(seen.values.reduce(0, +))
  }
}
