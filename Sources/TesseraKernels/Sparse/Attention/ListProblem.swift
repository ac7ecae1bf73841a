package import TesseraCore

/// Attention over lists of key blocks as the kernels of `Shaders/Sparse` see it: what block lists
/// and paged caches have in common; see `list_front.h`.
package struct ListProblem: Sendable, Hashable {
  /// Keys that lie in pages.
  package struct Pages: Sendable, Hashable {
    package var count: Int
    package var size: Int
    /// Pages per sequence in the table.
    package var tableWidth: Int
  }

  /// Batch entries; 1 if packed.
  package var batch: Int
  /// Query tokens of one batch entry.
  package var queries: Int
  /// Key tokens of one batch entry; with pages the most that there can be.
  package var keys: Int
  package var heads: Int
  package var kvHeads: Int
  package var headDim: Int
  package var valueDim: Int
  /// Lists per batch entry: 1, `kvHeads` or `heads`.
  package var listHeads: Int
  /// Rows that lists have.
  package var listRows: Int
  /// Entries per row of the prepared lists.
  package var listWidth: Int
  /// Blocks of the key axis that lists can name.
  package var blocks: Int
  /// Queries per row, at least 1.
  package var queryBlock: Int
  /// Keys per block, at least 1.
  package var keyBlock: Int
  /// Whether there are lists; without, every row has all blocks.
  package var listed = true
  /// Keys before a query's position that are added to those listed; nil adds none, and so does `right`.
  package var left: Int?
  /// Keys after it that are added.
  package var right: Int?
  package var causal = false
  /// Query 0 stands at key 0 instead of the last at the last.
  package var topLeft = false
  package var scale: Float
  package var softCap: Float?
  /// What the largest scores are about, for kernels that make use of it.
  package var unifiedMaximum: UnifiedMaximum?
  package var sinks = false
  /// Sequences of a packed batch; nil if it is not packed.
  package var sequences: Int?
  package var pages: Pages?
  /// Storage type of Q, K, V.
  package var dtype: DType
  /// How keys lie in pages; as elements of `dtype` if nil.
  package var keyStorage: VectorStorage?
  /// How values do.
  package var valueStorage: VectorStorage?
  /// Storage type of O and dO.
  package var outputDType: DType

  /// Heads, or KV heads, that have a list of their own or share it with all: workgroups' second index.
  package var units: Int { listHeads == heads ? heads : kvHeads }
  /// Query heads that share a list and a KV head.
  package var perUnit: Int { units == 0 ? 0 : heads / units }
  package var unitsPerKVHead: Int { kvHeads == 0 ? 0 : units / kvHeads }
  package var group: Int { kvHeads == 0 ? 0 : heads / kvHeads }
  /// Rows of a tile that one row of a list is.
  package var perRow: Int { queryBlock * perUnit }
  /// How keys and values lie in memory.
  package var storages: [VectorStorage] {
    [keyStorage ?? .plain(dtype), valueStorage ?? .plain(dtype)]
  }
  /// Whether these are elements of the queries' type.
  package var isUniform: Bool { storages.allSatisfy { $0 == .plain(dtype) } }
  /// Rows of queries; of a packed batch as many as there can be, tokens of no sequence included.
  package var rows: Int {
    let whole = (queries + queryBlock - 1) / queryBlock
    return sequences.map { whole + $0 + 1 } ?? whole
  }
  /// Blocks of keys; of a packed batch as many as there can be, tokens of no sequence included.
  package var keyRows: Int {
    let whole = (keys + keyBlock - 1) / keyBlock
    return sequences.map { whole + $0 + 1 } ?? whole
  }

  /// Block lists, whose prepared form has `width` entries per row.
  package init(_ problem: BlockListProblem, width: Int) {
    let attention = problem.attention
    self.init(
      attention, listHeads: problem.listHeads, listRows: problem.listRows, listWidth: width,
      blocks: problem.keyBlocks, queryBlock: problem.queryBlock, keyBlock: problem.keyBlock)
    // What reaches past both ends reaches everything.
    let most = max(queries, keys)
    left = problem.addedLeft.map { min($0, most) }
    right = problem.addedRight.map { min($0, most) }
    sinks = problem.sinks
  }

  /// A paged cache, whose prepared lists, if any, have `width` entries per row.
  package init(_ problem: PagedProblem, width: Int) {
    let keyBlock = max(1, problem.keyBlock)
    self.init(
      problem.attention, listHeads: problem.listHeads ?? problem.kvHeads,
      listRows: problem.listHeads == nil ? 0 : 1, listWidth: width,
      blocks: (problem.keyLength + keyBlock - 1) / keyBlock,
      queryBlock: problem.queryLength, keyBlock: keyBlock)
    listed = problem.listHeads != nil
    sinks = problem.sinks
    unifiedMaximum = problem.unifiedMaximum
    (keyStorage, valueStorage) = (problem.keyStorage, problem.valueStorage)
    pages = Pages(count: problem.pages, size: problem.pageSize, tableWidth: problem.maxPages)
  }

  private init(
    _ attention: AttentionProblem, listHeads: Int, listRows: Int, listWidth: Int, blocks: Int,
    queryBlock: Int, keyBlock: Int
  ) {
    batch = attention.packed ? 1 : attention.batch
    queries = attention.queryLength
    keys = attention.keyLength
    heads = attention.heads
    kvHeads = attention.kvHeads
    headDim = attention.headDim
    valueDim = attention.valueDim
    self.listHeads = listHeads
    self.listRows = listRows
    self.listWidth = listWidth
    self.blocks = blocks
    // Rows and blocks longer than everything are not longer than that.
    self.queryBlock = min(max(queryBlock, 1), max(queries, 1))
    self.keyBlock = min(max(keyBlock, 1), max(keys, 1))
    causal = attention.causal
    topLeft = attention.alignment == .topLeft
    scale = attention.scale
    softCap = attention.softCap
    sequences = attention.packed ? attention.batch : nil
    dtype = attention.dtype
    outputDType = attention.outputDType
  }

  /// The problem without any pair of a query and a key, as which lists without entries are computed.
  func withoutPairs(_ pass: ListPass) -> ListProblem {
    var result = self
    result.listed = false
    (result.left, result.right) = (nil, nil)
    if pass.rowsAreKeys { result.queries = 0 } else { result.keys = 0 }
    return result
  }

  /// - Throws: `overLimit` if positions do not fit the kernels' arithmetic.
  func checkCounts() throws(TesseraError) {
    let limit = 1 << 29
    for (name, tokens) in [("queries", queries), ("keys", keys)] where tokens > limit {
      throw .overLimit(name, requested: tokens, limit: limit)
    }
    let places = perRow.multipliedReportingOverflow(by: max(listRows, 1))
    guard !places.overflow, places.partialValue < Int(Int32.max) - 1 << 16 else {
      throw .overLimit("rows times heads of a list", requested: listRows, limit: Int32.max)
    }
  }
}
