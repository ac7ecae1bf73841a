/// Lists of key blocks by rule: a row lists block `b` if any of its queries attends any key of the block.
///
/// Shapes: indices i32 `[B, Hl, R, W]`, counts i32 `[B, Hl, R]` with `R = ⌈Nq / queryBlock⌉`; columns i32
/// `[Hl, C]` and slashes i32 `[Hl, S]` if a head's rule is `lines`. Indices ascend; behind the last one
/// are −1.
package struct PatternProblem: Sendable, Hashable, Codable {
  /// Batch entries, whose lists are the same.
  package var batch = 1
  /// Queries, Nq.
  package var queries: Int
  /// Keys, Nk.
  package var keys: Int
  /// Whether query 0 stands at key 0, not the last query at the last key.
  package var topLeft = false
  /// Queries per row.
  package var queryBlock: Int
  /// Keys per block.
  package var keyBlock: Int
  /// A pattern per list, Hl.
  package var patterns: [BlockPattern]
  /// Columns per head, C.
  package var columns = 0
  /// Slashes per head, S.
  package var slashes = 0

  package init(
    batch: Int = 1, queries: Int, keys: Int, topLeft: Bool = false, queryBlock: Int, keyBlock: Int,
    patterns: [BlockPattern], columns: Int = 0, slashes: Int = 0
  ) throws(TesseraError) {
    self.batch = batch
    self.queries = queries
    self.keys = keys
    self.topLeft = topLeft
    self.queryBlock = queryBlock
    self.keyBlock = keyBlock
    self.patterns = patterns
    self.columns = columns
    self.slashes = slashes
    try validate()
  }

  /// Rows of a list, R.
  package var rows: Int { (queries + queryBlock - 1) / queryBlock }
  /// Blocks of keys.
  package var keyBlocks: Int { (keys + keyBlock - 1) / keyBlock }
  /// The position of query 0 on the key axis.
  package var offset: Int { topLeft ? 0 : keys - queries }

  /// Largest number of tokens, and of whatever a rule counts in tokens.
  package static let limit = 1 << 29

  /// - Throws: `invalidArgument` naming the first number that makes no sense.
  package func validate() throws(TesseraError) {
    for (name, value, least) in [
      ("batch", batch, 0), ("queries", queries, 0), ("keys", keys, 0), ("q_block", queryBlock, 1),
      ("kv_block", keyBlock, 1), ("columns", columns, 0), ("slashes", slashes, 0),
    ] where !(least...Self.limit).contains(value) {
      throw .invalidArgument(name, got: value, allowed: "\(least)...\(Self.limit)")
    }
    guard !patterns.isEmpty else {
      throw .invalidArgument("patterns", got: "none", allowed: "at least one")
    }
    for (head, pattern) in patterns.enumerated() {
      try pattern.validate(self, patterns.count == 1 ? "pattern" : "pattern of head \(head)")
    }
  }
}
