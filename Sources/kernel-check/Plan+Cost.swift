import TesseraHAL
import TesseraKernels

extension Plan {
  /// What a simulator would have to execute: the arithmetic, and some for every invocation.
  var estimatedOperations: Double {
    dispatches.reduce(flopsDone) { $0 + 20 * 64 * Double($1.grid.count) }
  }
}
