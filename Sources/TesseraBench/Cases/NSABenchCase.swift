package import TesseraCore
import TesseraKernels

/// Native sparse attention of the usual sizes, or a selection of blocks by vote, beside our own dense
/// attention over the same tokens and, for the former, its parts.
package struct NSABenchCase: BenchCase {
  package var batch: Int
  package var tokens: Int
  package var heads: Int
  package var kvHeads: Int
  package var headDim: Int
  /// Keys of a block.
  package var block: Int
  /// Blocks that are selected.
  package var top: Int
  /// Whether only blocks are selected, by pooled keys.
  package var selects: Bool
  package var dtype: DType

  package init(
    batch: Int, tokens: Int, heads: Int, kvHeads: Int, headDim: Int, block: Int, top: Int,
    selects: Bool, dtype: DType
  ) {
    self.batch = batch
    self.tokens = tokens
    self.heads = heads
    self.kvHeads = kvHeads
    self.headDim = headDim
    self.block = block
    self.top = top
    self.selects = selects
    self.dtype = dtype
  }

  package var operation: String { selects ? "select-blocks" : "nsa" }

  package var parameters: [String: BenchRow.Value] {
    [
      "batch": .int(batch), "tokens": .int(tokens), "heads": .int(heads), "kvHeads": .int(kvHeads),
      "headDim": .int(headDim), "block": .int(block), "top": .int(top),
    ]
  }

  package var title: String {
    "\(tokens) k\(block)×\(top) H\(heads)/\(kvHeads) D\(headDim) B\(batch)"
  }

  package func setup(_ runner: BenchRunner) throws(TesseraError) -> CaseSetup {
    try NSABench.setup(self, runner)
  }
}
