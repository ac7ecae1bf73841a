extension Plan {
  /// The operands of plans of attention over block lists, by position. A forward plan writes o and lse
  /// and has none after them; a backward plan reads all up to dO and writes the gradients. Tensors that
  /// the problem does not have are nil.
  package enum BlockListOperand: Int, CaseIterable {
    case q, k, v, indices, counts, sinks, cuQ, cuK, o, lse
    case dO, dQ, dK, dV, dSinks
  }
}
