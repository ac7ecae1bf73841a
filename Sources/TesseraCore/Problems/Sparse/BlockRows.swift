/// Rows of queries and blocks of keys: what a selection chooses for, and what it chooses among.
///
/// Row `r` is queries `[r·queryBlock, (r + 1)·queryBlock)`, block `b` keys
/// `[b·keyBlock, (b + 1)·keyBlock)`, both cut at the ends. Query `i` stands at position
/// `t = i + Nk − Nq` of the key axis (`bottomRight`) or at `t = i` (`topLeft`). A row stands where its
/// last query does; the block of that position is the row's own.
package struct BlockRows: Sendable, Hashable, Codable {
  /// Queries per sequence, Nq.
  package var queryLength: Int
  /// Keys per sequence, Nk.
  package var keyLength: Int
  /// Queries per row.
  package var queryBlock = 1
  /// Keys per block.
  package var keyBlock: Int
  /// Whether blocks that begin after a row's position are no choice.
  package var causal = false
  package var alignment = AttentionProblem.Alignment.bottomRight

  package init(
    queryLength: Int, keyLength: Int, queryBlock: Int = 1, keyBlock: Int, causal: Bool = false,
    alignment: AttentionProblem.Alignment = .bottomRight
  ) {
    self.queryLength = queryLength
    self.keyLength = keyLength
    self.queryBlock = queryBlock
    self.keyBlock = keyBlock
    self.causal = causal
    self.alignment = alignment
  }

  /// Rows, R.
  package var rows: Int { queryLength / queryBlock + (queryLength % queryBlock > 0 ? 1 : 0) }
  /// Blocks, M.
  package var blocks: Int { keyLength / keyBlock + (keyLength % keyBlock > 0 ? 1 : 0) }
  /// Position of query 0 on the key axis.
  package var shift: Int { alignment == .topLeft ? 0 : keyLength - queryLength }

  /// Where row `r` stands on the key axis; negative before key 0.
  package func position(of r: Int) -> Int {
    min((r + 1) * queryBlock, queryLength) - 1 + shift
  }

  /// Whether block `b` is a choice for row `r`.
  package func sees(_ r: Int, _ b: Int) -> Bool {
    !causal || b * keyBlock <= position(of: r)
  }

  /// Checks the numbers.
  /// - Throws: `invalidArgument` naming the first that makes no sense.
  package func validate() throws(TesseraError) {
    for (name, size) in [("q_block", queryBlock), ("kv_block", keyBlock)]
    where !(1...Int(Int32.max)).contains(size) {
      throw .invalidArgument(name, got: size, allowed: "1...\(Int32.max)")
    }
    // Positions, and sums of two of them, must fit in 32 bits.
    for (name, length) in [("queries", queryLength), ("keys", keyLength)]
    where !(0...(1 << 29)).contains(length) {
      throw .invalidArgument(name, got: length, allowed: "0...\(1 << 29)")
    }
  }
}
