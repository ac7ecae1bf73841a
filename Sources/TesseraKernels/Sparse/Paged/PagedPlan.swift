extension Plan {
  /// The operands of plans of attention over a paged cache, by position; nil where the problem has no
  /// such tensor.
  package enum PagedOperand: Int, CaseIterable {
    case q, k, v, blockTable, lengths, indices, counts, sinks, keyParameters, valueParameters, o, lse
  }
}
