package import TesseraCore
package import TesseraHAL

/// Lists of key blocks turned round: for every block, the rows that list it.
///
/// Shapes: indices i32 `[lists, R, W]` and counts `[lists, R]`, if any; offsets i32 `[lists, blocks + 1]` and
/// rows i32 `[lists, R·width]`. Rows of block `b` are `rows[offsets[b] ..< offsets[b + 1]]`, ascending, each
/// once; behind the last are −1.
package struct ListTransposeProblem: Sendable, Hashable, Codable {
  package var lists: Int
  package var rows: Int
  /// Entries per row of the lists, W.
  package var listWidth: Int
  package var counts: Bool
  /// Blocks there are: entries at or past it name none.
  package var blocks: Int

  package init(
    lists: Int, rows: Int, listWidth: Int, counts: Bool, blocks: Int
  ) throws(TesseraError) {
    (self.lists, self.rows, self.listWidth) = (lists, rows, listWidth)
    (self.counts, self.blocks) = (counts, blocks)
    guard (0...PatternProblem.limit).contains(blocks) else {
      throw .invalidArgument("blocks", got: blocks, allowed: "0...\(PatternProblem.limit)")
    }
  }

  /// Blocks that a row lists at most.
  package var width: Int { min(listWidth, blocks) }
}

/// Plans transpositions of lists.
package enum ListTransposePlanner {
  /// Operands: 0 = indices, 1 = counts, 2 = offsets, 3 = rows.
  /// - Throws: `overLimit` if the lists exceed what the device can bind or count.
  package static func plan(
    _ problem: ListTransposeProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    let (lists, rows) = (problem.lists, problem.rows)
    var plan = Plan(
      operation: "transposed list", schedule: lists > 0 ? "counting sort" : "empty", tile: [])
    guard lists > 0 else { return plan }
    // Rows as queries and blocks as keys, one each.
    let attention = try AttentionProblem(
      q: (try Shape([lists, rows, 1, 1]), .f32), k: (try Shape([lists, problem.blocks, 1, 1]), .f32),
      v: (try Shape([lists, problem.blocks, 1, 1]), .f32))
    let asAttention = try BlockListProblem(
      attention: attention, indices: (try Shape([lists, 1, rows, problem.listWidth]), .i32),
      counts: problem.counts ? (try Shape([lists, 1, rows]), .i32) : nil, queryBlock: 1, keyBlock: 1)
    let prepared = try ListPreparation(
      asAttention, lists: lists, transposed: false, in: &plan, capabilities)
    try prepared.append(
      0..<lists, .init(indices: .operand(0), counts: problem.counts ? .operand(1) : .none), to: &plan,
      capabilities)
    let sort = ListTransposition(
      rows: rows, capacity: prepared.capacity, blocks: problem.blocks, lists: lists, capabilities)
    let elements = lists * rows * prepared.capacity
    try Plan.checkBindings(
      plan.operation,
      [
        ("counters", sort.countElements, .i32), ("offsets", lists * (problem.blocks + 1), .i32),
        ("rows", elements, .i32),
      ], capabilities)
    try sort.append(
      lists: lists, entries: prepared.entries, lengths: prepared.lengths,
      counts: plan.addScratch(4 * sort.countElements), offsets: .operand(2),
      rows: elements > 0 ? .operand(3) : plan.addScratch(4), rowsOnly: true, to: &plan, capabilities)
    plan.bytes =
      4 * Double(lists) * (Double(rows * problem.listWidth + problem.blocks + 1) + Double(rows * problem.width))
    return plan
  }
}
