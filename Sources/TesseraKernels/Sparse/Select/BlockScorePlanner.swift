package import TesseraCore
package import TesseraHAL

/// Plans scores of blocks, alone or with the selection from them; pure functions.
package enum BlockScorePlanner {
  /// Most bytes of scores at a time where only lists are wanted.
  static let mostScoreBytes = 64 << 20

  /// Plans the scores. Operands: 0 = q, 1 = k, 2 = scores `[B, Hkv, R, M]` in f32.
  /// - Throws: `invalidArgument` if the problem makes no sense, `overLimit` if it exceeds the device's
  ///   limits.
  package static func plan(
    _ problem: BlockScoreProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    try problem.validate()
    var plan = Plan(operation: "block-scores", schedule: "tiled", tile: tile)
    guard let pass = try pass(problem, to: &plan, capabilities) else { return plan }
    try pass.append(
      to: &plan, lists: 0..<(problem.batch * problem.kvHeads), rows: 0..<problem.rows.rows,
      scores: .operand(2), capabilities)
    finish(problem, &plan, written: problem.scoreDimensions.reduce(1, *))
    return plan
  }

  /// Plans a selection from scores that are not stored as a whole. Operands: 0 = q, 1 = k,
  /// 2 = indices `[B, Hkv, R, W]`, 3 = counts `[B, Hkv, R]`.
  /// - Throws: as `plan`.
  package static func plan(
    _ problem: BlockScoreProblem, selecting selection: SelectionProblem,
    _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    try problem.validate()
    try selection.validate()
    guard selection.rows == problem.rows, selection.batch == problem.batch,
      selection.listHeads == problem.kvHeads, selection.dtype == .f32
    else {
      throw .invalidArgument("selection", got: "other rows", allowed: "those of the scores, in f32")
    }
    var plan = Plan(operation: "select-blocks", schedule: "fused", tile: tile)
    let pass = try pass(problem, to: &plan, capabilities)
    try append(
      to: &plan, pass, selecting: selection, indices: .operand(2), counts: .operand(3),
      capabilities)
    finish(
      problem, &plan,
      written: selection.indexDimensions.reduce(1, *) + selection.countDimensions.reduce(1, *))
    return plan
  }

  /// Appends scores and selection from them, over ranges of rows whose scores fit the scratch they get.
  /// Without a pass no row has a block.
  static func append(
    to plan: inout Plan, _ pass: ScorePass?, selecting selection: SelectionProblem,
    indices: Plan.Source, counts: Plan.Source, _ capabilities: Capabilities
  ) throws(TesseraError) {
    let (lists, rows) = (selection.batch * selection.listHeads, selection.rows.rows)
    let row = 4 * max(selection.rows.blocks, 1)
    let limit = min(mostScoreBytes, capabilities.maxBindingRange)
    // Whole tiles of rows; all lists together if there is room.
    let side = ScorePass.tileRows
    let listsHere = max(1, min(lists, limit / (row * min(side, max(rows, 1)))))
    let fitting = max(1, limit / (row * listsHere))
    let rowsHere = fitting >= rows ? max(rows, 1) : max(fitting / side * side, min(fitting, side))
    guard lists > 0, rows > 0 else { return }
    let scores = plan.addScratch(row * listsHere * rowsHere)
    var parts = 0
    for list in stride(from: 0, to: lists, by: listsHere) {
      for first in stride(from: 0, to: rows, by: rowsHere) {
        let (own, range) = (
          list..<min(list + listsHere, lists), first..<min(first + rowsHere, rows)
        )
        try pass?.append(to: &plan, lists: own, rows: range, scores: scores, capabilities)
        try SelectPlanner.append(
          to: &plan, selection, lists: own, rows: range, scores: scores, indices: indices,
          counts: counts, capabilities)
        parts += 1
      }
    }
    if parts > 1 {
      plan.notes.append(
        "scores in \(parts) parts of up to \(listsHere) lists × \(rowsHere) rows, \(row * listsHere * rowsHere >> 20) MiB"
      )
    }
  }

  private static let tile = [ScorePass.tileRows, ScorePass.tileColumns]

  /// Pools queries and keys where that is asked for, and says how they are scored; nil if there are no
  /// scores.
  private static func pass(
    _ problem: BlockScoreProblem, to plan: inout Plan, _ capabilities: Capabilities
  ) throws(TesseraError) -> ScorePass? {
    let rows = problem.rows
    guard problem.batch * problem.heads * rows.rows > 0, rows.blocks > 0 else { return nil }
    var pass = ScorePass(
      mode: .sum, rows: rows, batch: problem.batch, heads: problem.heads,
      kvHeads: problem.kvHeads, headDim: problem.headDim, columns: rows.blocks,
      step: rows.keyBlock, scale: problem.scale, queryType: problem.dtype, keyType: problem.dtype,
      q: .operand(0), k: .operand(1))
    func pooled(_ source: Plan.Source, _ tokens: Int, _ windows: Int, _ heads: Int, _ span: Int)
      throws(TesseraError) -> Plan.Source
    {
      guard windows < tokens else { return source }
      let window = WindowPass(
        batch: problem.batch, tokens: tokens, windows: windows, heads: heads,
        columns: problem.headDim, span: min(span, tokens), stride: min(span, tokens))
      let bytes = try Shape([problem.batch, windows, heads, problem.headDim]).byteCount(
        of: problem.dtype)
      let target = plan.addScratch(bytes)
      try window.appendJoin(
        to: &plan, from: source, problem.dtype, to: target, problem.dtype, capabilities)
      return target
    }
    pass.q = try pooled(.operand(0), rows.queryLength, rows.rows, problem.heads, rows.queryBlock)
    if !problem.pooled {
      pass.k = try pooled(.operand(1), rows.keyLength, rows.blocks, problem.kvHeads, rows.keyBlock)
    }
    switch problem.reduction {
    case .sum: break
    case .mean: pass.gain = 1 / Float(problem.group)
    case .max: pass.mode = .max
    case .vote:
      let lse = plan.addScratch(4 * problem.batch * rows.rows * problem.heads)
      pass.mode = .statistics
      try pass.append(
        to: &plan, lists: 0..<(problem.batch * problem.heads), rows: 0..<rows.rows, scores: lse,
        capabilities)
      (pass.mode, pass.lse) = (.weights, lse)
    }
    return pass
  }

  private static func finish(_ problem: BlockScoreProblem, _ plan: inout Plan, written: Int) {
    let rows = problem.rows
    let pairs = Double(problem.batch * rows.rows) * Double(rows.blocks)
    plan.flopsNeeded =
      2 * pairs * Double(problem.heads * problem.headDim) * (rows.causal ? 0.5 : 1)
    let read = problem.queryDimensions.reduce(1, *) + problem.keyDimensions.reduce(1, *)
    plan.bytes = Double(read * problem.dtype.byteCount) + 4 * Double(written)
  }
}
