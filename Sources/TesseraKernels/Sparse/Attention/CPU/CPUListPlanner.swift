import CTesseraSIMD
import TesseraCore
import TesseraHAL

/// Plans attention over block lists and over paged caches for the CPU back-end: one workgroup per tile
/// of queries or keys.
enum CPUListPlanner {
  private typealias Sources = [CPUListPass.Role: Plan.Argument]

  /// A forward pass over block lists.
  static func forward(
    _ problem: BlockListProblem, _ schedule: BlockListSchedule, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    var plan = Plan(operation: "sparse-attention", schedule: "cpu", tile: [])
    guard problem.attention.queryTokens > 0, problem.attention.heads > 0 else { return plan }
    try checkCounts(problem)
    let tiling = try CPUListTiling(.forward, problem, schedule, capabilities)
    try add(tiling, operands(problem), to: &plan)
    plan.tile = tiling.tile
    finish(&plan, problem, tiling, backward: false)
    return plan
  }

  /// The gradients over block lists.
  ///
  /// Scores and dP are computed twice, for dQ and for dK and dV: keeping them would take memory that
  /// grows with the number of pairs.
  static func backward(
    _ problem: BlockListProblem, _ schedule: BlockListSchedule, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    let attention = problem.attention
    var plan = Plan(operation: "sparse-attention-backward", schedule: "cpu", tile: [])
    guard attention.heads > 0 else { return plan }
    try checkCounts(problem)
    var sources = operands(problem)
    let rows = attention.queryTokens * attention.heads
    sources[.delta] = .init(plan.addScratch(4 * rows), byteCount: 4 * rows)
    let queries = try CPUListTiling(.queryGradient, problem, schedule, capabilities)
    plan.tile = queries.tile
    if attention.queryTokens > 0 { try add(queries, sources, to: &plan) }
    if attention.keyTokens > 0 {
      let keys = try CPUListTiling(.keyGradient, problem, schedule, capabilities)
      try transpose(problem, keys, &sources, &plan, capabilities)
      try add(keys, sources, to: &plan)
    }
    if problem.sinks {
      plan.dispatches.append(
        .init(
          kernel: plan.kernel(KernelSpec(CPUListPass.sinkGradient.rawValue, [])),
          grid: GridSize(attention.heads), constants: bytes(queries.constants),
          arguments: arguments(.sinkGradient, sources, &plan)))
    }
    finish(&plan, problem, queries, backward: true)
    return plan
  }

  /// A forward pass over a paged cache.
  static func paged(
    _ problem: PagedProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    var plan = Plan(operation: "paged-attention", schedule: "cpu", tile: [])
    let rows = problem.batch * problem.queryLength * problem.heads
    guard rows > 0 else { return plan }
    try checkCounts(
      [
        ("keys", problem.keyLength), ("queries", problem.queryLength), ("sequences", problem.batch),
        ("heads", problem.heads), ("KV heads", problem.kvHeads),
        ("elements of a query", problem.headDim), ("elements of a value", problem.valueDim),
        ("entries of a list", problem.listWidth), ("pages", problem.pages),
        ("tokens of a page", problem.pageSize), ("pages of a sequence", problem.maxPages),
      ], of: "paged attention")
    let tiling = try CPUListTiling(problem, capabilities)
    var constants = tiling.constants
    var sources = operands(problem)
    let splits = Int(constants.splits)
    if splits > 1 {
      constants.tile.output_dtype = Int32(DType.f32.kernelCode)
      let o = try Shape([splits, rows, problem.valueDim]).byteCount(of: .f32)
      sources[.o] = .init(plan.addScratch(o), byteCount: o)
      sources[.lse] = .init(plan.addScratch(4 * splits * rows), byteCount: 4 * splits * rows)
    }
    plan.tile = tiling.tile
    plan.dispatches.append(
      .init(
        kernel: plan.kernel(
          KernelSpec(CPUListPass.paged.rawValue, [.init("LOCAL_BYTES", tiling.localBytes)])),
        grid: GridSize(tiling.workgroups), constants: bytes(constants),
        arguments: arguments(.paged, sources, &plan)))
    if splits > 1, let o = sources[.o], let lse = sources[.lse] {
      try MergePlanner.append(
        to: &plan,
        MergeProblem(
          parts: splits, rows: rows, valueDim: problem.valueDim, dtype: .f32,
          outputDType: problem.outputDType),
        parts: o.source, partLSE: lse.source,
        o: .operand(Plan.PagedOperand.o.rawValue), lse: .operand(Plan.PagedOperand.lse.rawValue),
        capabilities)
      plan.notes.append("keys of a sequence in \(splits) splits, merged in order")
    }
    let keys = Double(
      min(problem.keyLength, problem.listHeads == nil ? .max : problem.listWidth * problem.keyBlock))
    plan.flopsNeeded = 2 * Double(rows) * keys * Double(problem.headDim + problem.valueDim)
    plan.flopsDone = plan.flopsNeeded
    plan.bytes =
      Double(problem.batch * problem.kvHeads) * keys
      * (problem.keys.bytes(of: problem.headDim) + problem.values.bytes(of: problem.valueDim))
    plan.notes.append("counted as if every sequence were as long as its pages")
    return plan
  }

  private static func checkCounts(_ problem: BlockListProblem) throws(TesseraError) {
    let attention = problem.attention
    try checkCounts(
      [
        ("queries", attention.queryLength), ("keys", attention.keyLength),
        ("sequences", attention.batch), ("heads", attention.heads), ("KV heads", attention.kvHeads),
        ("elements of a query", attention.headDim), ("elements of a value", attention.valueDim),
        ("lists", problem.listHeads), ("rows of a list", problem.listRows),
        ("entries of a row", problem.listWidth), ("blocks of keys", problem.keyBlocks),
      ], of: "attention over lists")
  }

  /// Kernels count in 32 bits, and sums of two positions must fit.
  private static func checkCounts(
    _ counts: [(name: String, count: Int)], of operation: String
  ) throws(TesseraError) {
    for (name, count) in counts where count > 1 << 29 {
      throw .overLimit("\(name) of \(operation)", requested: count, limit: 1 << 29)
    }
  }

  private static func transpose(
    _ problem: BlockListProblem, _ tiling: CPUListTiling, _ sources: inout Sources,
    _ plan: inout Plan, _ capabilities: Capabilities
  ) throws(TesseraError) {
    let lists = problem.attention.packed ? problem.listHeads : problem.attention.batch * problem.listHeads
    let (perList, overflow) = problem.listRows.multipliedReportingOverflow(by: problem.listWidth)
    guard !overflow, perList <= Int(Int32.max) else {
      throw .overLimit(
        "entries of one list", requested: "\(problem.listRows)·\(problem.listWidth)",
        limit: Int(Int32.max))
    }
    for (role, count) in [
      (.offsets, problem.keyBlocks + 1), (.rows, perList), (.marks, problem.keyBlocks),
    ] as [(CPUListPass.Role, Int)] {
      let bytes = try Shape([lists, count]).byteCount(of: .i32)
      sources[role] = .init(plan.addScratch(bytes), byteCount: bytes)
    }
    plan.dispatches.append(
      .init(
        kernel: plan.kernel(
          KernelSpec(CPUListPass.transpose.rawValue, [.init("LOCAL_BYTES", 256)])),
        grid: GridSize(lists), constants: bytes(tiling.constants),
        arguments: arguments(.transpose, sources, &plan)))
  }

  private static func add(
    _ tiling: CPUListTiling, _ sources: Sources, to plan: inout Plan
  ) throws(TesseraError) {
    plan.dispatches.append(
      .init(
        kernel: plan.kernel(
          KernelSpec(tiling.pass.rawValue, [.init("LOCAL_BYTES", tiling.localBytes)])),
        grid: GridSize(tiling.workgroups), constants: bytes(tiling.constants),
        arguments: arguments(tiling.pass, sources, &plan)))
  }

  private static func bytes(_ constants: tessera_list_constants) -> [UInt8] {
    withUnsafeBytes(of: constants) { Array($0) }
  }

  private static func arguments(
    _ pass: CPUListPass, _ sources: Sources, _ plan: inout Plan
  ) -> [Plan.Argument] {
    pass.roles.map { role in
      if let source = sources[role], source.byteCount > 0 { return source }
      // No two slots may share memory that is written.
      return pass.writes(role) ? plan.unusedScratch() : .init(.none, byteCount: 0)
    }
  }
}
