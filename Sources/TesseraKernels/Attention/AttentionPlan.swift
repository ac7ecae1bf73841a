extension Plan {
  /// The operands of plans of dense attention, by position. A forward plan writes o and lse and has none
  /// after them; a backward plan reads all up to dO and writes the gradients. Tensors that the problem
  /// does not have are nil.
  package enum AttentionOperand: Int, CaseIterable {
    case q, k, v, alibi, cuQ, cuK, o, lse
    case dO, dQ, dK, dV
  }
}

extension Plan {
  /// Adds a scratch buffer of at least one word.
  mutating func addScratch(_ byteCount: Int) -> Source {
    scratch.append(max(byteCount, 256))
    return .scratch(scratch.count - 1)
  }

  /// Completes what a plan of attention says of itself: operations needed, bytes that must move.
  ///
  /// A pair of a query and a key takes `2·(D + Dv)` operations forward, and `2·(3·D + 2·Dv)` backward:
  /// scores, dP, dV, dQ and dK.
  mutating func finishAttention(_ problem: BoxProblem, backward: Bool) {
    let (d, dv) = (Double(problem.headDim), Double(problem.valueDim))
    let pairs = problem.pairs * Double(problem.heads * problem.batch)
    flopsNeeded = pairs * 2 * (backward ? 3 * d + 2 * dv : d + dv)
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
