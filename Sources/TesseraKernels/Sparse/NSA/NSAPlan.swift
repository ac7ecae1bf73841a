extension Plan {
  /// The operands of plans of native sparse attention, by position. A forward plan writes o … counts and
  /// has none after them; a backward plan reads all up to dO and writes the gradients. Tensors that the
  /// problem does not have are nil.
  package enum NSAOperand: Int, CaseIterable {
    case q, k, v, gates, kWindow, vWindow, weights, kCompressed, vCompressed
    case o, oCompressed, oSelected, oWindow, lseCompressed, lseSelected, lseWindow, indices, counts
    case dO, dQ, dK, dV, dGates, dKWindow, dVWindow, dKCompressed, dVCompressed

    var source: Source { .operand(rawValue) }
  }
}
