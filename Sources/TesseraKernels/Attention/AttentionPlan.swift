extension Plan {
  /// The operands of plans of dense attention, by position. A forward plan writes o and lse and has none
  /// after them; a backward plan reads all up to dO and writes the gradients. Tensors that the problem
  /// does not have are nil.
  package enum AttentionOperand: Int, CaseIterable {
    case q, k, v, alibi, cuQ, cuK, o, lse
    case dO, dQ, dK, dV
  }
}
