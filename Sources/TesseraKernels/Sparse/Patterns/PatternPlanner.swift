package import TesseraCore
package import TesseraHAL

/// Plans `pattern_rows`.
package enum PatternPlanner {
  /// Plans lists by rule. Operands: 0 = the rules' table i32 `[Hl, 16]`, 1 = columns `[Hl, C]`, 2 = slashes
  /// `[Hl, S]`, 3 = indices `[B, Hl, R, W]`, 4 = counts `[B, Hl, R]`, with `W` the problem's width.
  /// - Throws: `overLimit` if the lists exceed what the device can bind or count.
  package static func plan(
    _ problem: PatternProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    try problem.validate()
    let (heads, rows) = (problem.patterns.count, problem.rows), width = problem.width
    let count = try Shape([problem.batch, heads, rows]).elementCount
    let elements = try Shape([count, width]).elementCount
    var plan = Plan(
      operation: "pattern", schedule: count > 0 ? "rows" : "empty",
      tile: [problem.queryBlock, problem.keyBlock])
    plan.bytes = 4 * Double(elements + count)
    guard count > 0 else { return plan }
    try Plan.checkBindings(
      "pattern", [("indices", elements, .i32), ("counts", count, .i32)], capabilities)
    let host = capabilities.backend == .cpu
    let blocks = problem.keyBlocks
    // An invocation asks for up to 64 blocks, so that several rows share a workgroup's barriers.
    let form = ListRowsForm(blocks: blocks, width: blocks / 16, capabilities)
    // Queries that a rule goes through for each block: those on axes of their own, or windows.
    let inner = problem.patterns.reduce(1) { max($0, $1.steps(of: problem.queryBlock)) }
    let steps = (blocks + 32 * form.span - 1) / (32 * form.span)
    try Plan.checkLoops(
      "pattern",
      blocks / form.lanes * inner + steps * (32 * form.span / form.lanes + 2 * form.lanes)
        + 2 * inner + width / form.lanes + problem.columns + problem.slashes * 8, capabilities)
    var parameters = form.parameters(blocks, host: host)
    if !host {
      parameters.append(.init("PICTURES", problem.patterns.reduce(0) { $0 | $1.picture }))
    }
    let kernel = plan.kernel(KernelSpec(PatternKernels.rows, parameters))
    var constants = ConstantBlock()
    for value in [
      count, heads, rows, width, problem.queryBlock, problem.keyBlock, problem.queries, problem.keys,
      problem.offset, problem.columns, problem.slashes,
    ] { constants.append(value) }
    func lines(_ operand: Int, _ perHead: Int) -> Plan.Argument {
      perHead == 0
        ? .init(.none, byteCount: 0) : .init(.operand(operand), byteCount: 4 * heads * perHead)
    }
    plan.dispatches.append(
      .init(
        kernel: kernel,
        grid: host
          ? .host(count, work: 4 * blocks * inner, capabilities)
          : try .linear(count * form.lanes, "pattern", capabilities),
        constants: constants.bytes,
        arguments: [
          .init(.operand(0), byteCount: 4 * heads * BlockPattern.tableWords),
          lines(1, problem.columns), lines(2, problem.slashes),
          .init(width > 0 ? .operand(3) : plan.addScratch(4), byteCount: max(4 * elements, 4)),
          .init(.operand(4), byteCount: 4 * count),
        ]))
    return plan
  }
}

extension BlockPattern {
  /// The rule's bit among those of pictures.
  fileprivate var picture: Int {
    switch rule {
    case .neighborhood: 1
    case .hierarchy: 2
    default: 0
    }
  }

  /// Steps that a kernel may take for a row of `queries` and one block.
  fileprivate func steps(of queries: Int) -> Int {
    switch rule {
    case .neighborhood(let shape, _, _, let dilation, _):
      let apart = Self.value(dilation, shape.count - 1) > 1 || causal
      return apart ? queries : queries / max(shape.last ?? 1, 1) + 2
    case .hierarchy(_, _, let window, _, _):
      return queries / max(Self.value(window, 0) * Self.value(window, 1), 1) + 2
    default: return 1
    }
  }
}
