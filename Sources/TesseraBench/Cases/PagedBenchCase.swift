package import TesseraCore
import TesseraKernels

/// One new token per sequence over a paged cache, beside our own dense attention over the same keys in a
/// row.
package struct PagedBenchCase: BenchCase {
  package var batch: Int
  /// Positions per sequence.
  package var context: Int
  package var heads: Int
  package var kvHeads: Int
  package var headDim: Int
  package var page: Int
  /// Pages that each KV head's list names; nil attends all.
  package var top: Int?
  /// About what the largest scores are: kernels then need not find them. Beside it runs `online`, which does.
  package var unifiedMaximum: Float?
  package var dtype: DType

  package init(
    batch: Int, context: Int, heads: Int, kvHeads: Int, headDim: Int, page: Int, top: Int? = nil,
    unifiedMaximum: Float? = nil, dtype: DType
  ) {
    self.batch = batch
    self.context = context
    self.heads = heads
    self.kvHeads = kvHeads
    self.headDim = headDim
    self.page = page
    self.top = top
    self.unifiedMaximum = unifiedMaximum
    self.dtype = dtype
  }

  package var operation: String { "paged-decode" }

  package var parameters: [String: BenchRow.Value] {
    var result: [String: BenchRow.Value] = [
      "batch": .int(batch), "context": .int(context), "heads": .int(heads),
      "kvHeads": .int(kvHeads), "headDim": .int(headDim), "page": .int(page),
    ]
    if let top { result["top"] = .int(top) }
    if let unifiedMaximum { result["unifiedMaximum"] = .text("\(unifiedMaximum)") }
    return result
  }

  package var title: String {
    "\(context) page \(page)\(top.map { "×\($0)" } ?? "") H\(heads)/\(kvHeads) D\(headDim) B\(batch)"
  }

  package func setup(_ runner: BenchRunner) throws(TesseraError) -> CaseSetup {
    try PagedBench.setup(self, runner)
  }
}
