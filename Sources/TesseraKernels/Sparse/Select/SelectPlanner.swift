package import TesseraCore
package import TesseraHAL

/// Plans `select_blocks`; pure functions.
package enum SelectPlanner {
  /// Plans a selection from given scores. Operands: 0 = scores `[B, Hl, R, M]`, 1 = indices
  /// `[B, Hl, R, W]`, 2 = counts `[B, Hl, R]`.
  /// - Throws: `invalidArgument` if the problem makes no sense, `overLimit` if it exceeds the device's
  ///   limits.
  package static func plan(
    _ problem: SelectionProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    try problem.validate()
    var plan = Plan(operation: "select-blocks", schedule: "radix", tile: [])
    let (lists, rows) = (problem.batch * problem.listHeads, problem.rows.rows)
    guard lists > 0, rows > 0 else { return plan }
    let blocks = problem.rows.blocks
    // Parts of the scores that can be bound and counted, each of whole lists or of one list.
    let bytes = max(blocks, 1) * problem.dtype.byteCount
    let most = min(capabilities.maxBindingRange / bytes, Int(Int32.max) / max(blocks, 1))
    let step = alignedRows(bytes, capabilities)
    guard most >= min(step, rows) else {
      throw .overLimit(
        "bytes of the scores of one row", requested: bytes, limit: capabilities.maxBindingRange,
        device: capabilities.name)
    }
    if rows <= most, rows % step == 0 || lists * rows <= most {
      let together = min(lists, most / rows)
      for first in stride(from: 0, to: lists, by: together) {
        try append(
          to: &plan, problem, lists: first..<min(first + together, lists), rows: 0..<rows,
          scores: .operand(0), offset: first * rows * bytes, indices: .operand(1),
          counts: .operand(2), capabilities)
      }
    } else {
      try appendLists(to: &plan, problem, most: most, step: step, capabilities)
    }
    plan.bytes =
      Double(lists * rows) * (Double(blocks * problem.dtype.byteCount) + 4 * Double(problem.width + 1))
    return plan
  }

  /// Appends the selection of rows `rows` of lists `lists`, whose scores `[lists, rows, M]` lie behind
  /// one another from byte `offset` of `scores` on. The outputs are bound whole.
  /// - Throws: as `plan`.
  package static func append(
    to plan: inout Plan, _ problem: SelectionProblem, lists: Range<Int>, rows: Range<Int>,
    scores: Plan.Source, offset: Int = 0, indices: Plan.Source, counts: Plan.Source,
    _ capabilities: Capabilities
  ) throws(TesseraError) {
    let count = lists.count * rows.count
    guard count > 0 else { return }
    let (grid, blocks, total) = (
      problem.rows, problem.rows.blocks, problem.batch * problem.listHeads * problem.rows.rows
    )
    try Plan.checkBindings(
      "select-blocks",
      [
        ("scores", count * blocks, problem.dtype), ("indices", total * problem.width, .i32),
        ("counts", total, .i32),
      ], capabilities)
    // Every digit, and twice more, a block is loaded and counted.
    try Plan.checkLoops("select-blocks", 20 * (blocks / 64 + 64) + 1024, capabilities)
    let (rule, limit) = problem.rule.code
    var chunk = 2
    while chunk < 64, 64 * chunk < blocks { chunk *= 2 }
    let kernel = plan.kernel(
      KernelSpec(
        SelectKernels.select,
        [
          .init("SCORES_DTYPE", problem.dtype.kernelCode), .init("CHUNK", chunk),
          .init("RULE", rule),
        ]))
    var constants = ConstantBlock()
    for value in [
      count, rows.count, rows.lowerBound, grid.rows, lists.lowerBound, blocks, problem.width,
      problem.most, min(grid.queryBlock, max(grid.queryLength, 1)),
      min(grid.keyBlock, max(grid.keyLength, 1)), grid.queryLength, grid.shift,
      grid.causal ? 1 : 0, problem.initialBlocks, min(problem.localBlocks, blocks),
    ] { constants.append(value) }
    constants.append(limit)
    func output(_ source: Plan.Source, _ elements: Int) -> Plan.Argument {
      elements == 0 ? plan.unusedScratch() : .init(source, byteCount: 4 * elements)
    }
    let scoreBytes = count * blocks * problem.dtype.byteCount
    plan.dispatches.append(
      .init(
        kernel: kernel,
        grid: capabilities.backend == .cpu
          ? .host(count, work: 8 * blocks, capabilities)
          : try .groups(count, capabilities),
        constants: constants.bytes,
        arguments: [
          scoreBytes == 0
            ? .init(.none, byteCount: 0) : .init(scores, offset: offset, byteCount: scoreBytes),
          output(indices, total * problem.width), output(counts, total),
        ]))
  }

  /// Rows whose scores end where a binding may begin.
  private static func alignedRows(_ bytes: Int, _ capabilities: Capabilities) -> Int {
    let alignment = max(capabilities.bindingAlignment, 4)
    var (x, y) = (bytes, alignment)
    while y != 0 { (x, y) = (y, x % y) }
    return alignment / x
  }

  /// Lists too large, or ending where no binding may begin: parts of the flattened rows that do not
  /// cross lists but where they must.
  private static func appendLists(
    to plan: inout Plan, _ problem: SelectionProblem, most: Int, step: Int,
    _ capabilities: Capabilities
  ) throws(TesseraError) {
    let (lists, rows) = (problem.batch * problem.listHeads, problem.rows.rows)
    let bytes = problem.rows.blocks * problem.dtype.byteCount
    for list in 0..<lists {
      var first = 0
      while first < rows {
        let flat = list * rows + first
        guard flat % step == 0 else {
          throw .overLimit(
            "bytes of scores", requested: lists * rows * bytes,
            limit: capabilities.maxBindingRange, device: capabilities.name)
        }
        let count = min(rows - first, most / step * step)
        try append(
          to: &plan, problem, lists: list..<(list + 1), rows: first..<(first + count),
          scores: .operand(0), offset: flat * bytes, indices: .operand(1), counts: .operand(2),
          capabilities)
        first += count
      }
    }
  }
}

extension SelectionProblem.Rule {
  /// The kernels' number of the rule, and its limit; top-k has a limit that all scores pass.
  fileprivate var code: (rule: Int, limit: Float) {
    switch self {
    case .topK: (0, -.infinity)
    case .topP(let share): (1, share)
    case .threshold(let limit): (0, limit)
    case .relative(let ratio): (2, ratio)
    }
  }
}

extension GridSize {
  /// `groups` workgroups along x and then y.
  static func groups(
    _ groups: Int, _ capabilities: Capabilities
  ) throws(TesseraError) -> GridSize {
    let x = max(1, min(groups, capabilities.maxGroupCount[0], 65535))
    let y = (groups + x - 1) / x
    guard y <= capabilities.maxGroupCount[1] else {
      throw .overLimit(
        "rows of select-blocks", requested: groups, limit: x * capabilities.maxGroupCount[1],
        device: capabilities.name)
    }
    return GridSize(x, y)
  }
}
