import TesseraCore
import TesseraHAL

extension ListPlanner {
  /// Plans attention over a paged cache. Operands: `Plan.PagedOperand`.
  static func paged(
    _ problem: PagedProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    var plan = Plan(operation: "paged-decode", schedule: "query-major", tile: [])
    guard problem.batch > 0, problem.queryLength > 0, problem.heads > 0 else { return plan }
    func source(_ operand: Plan.PagedOperand) -> Plan.Source { .operand(operand.rawValue) }
    let width = problem.lists?.rowCapacity ?? 0
    let lists = ListProblem(problem, width: width)
    var operands = ListOperands()
    let own = [problem.queryLength, problem.heads]
    try operands.add(.q, source(.q), own + [problem.headDim], problem.dtype)
    try operands.add(.k, source(.k), problem.keyDimensions, problem.keys.dtype, shared: true)
    try operands.add(.v, source(.v), problem.valueDimensions, problem.values.dtype, shared: true)
    try operands.add(
      .keyParameters, source(.keyParameters), problem.keyParameterDimensions,
      problem.keys.parameterDType, shared: true)
    try operands.add(
      .valueParameters, source(.valueParameters), problem.valueParameterDimensions,
      problem.values.parameterDType, shared: true)
    try operands.add(.table, source(.blockTable), problem.tableDimensions, .i32, shared: true)
    try operands.add(.cuK, source(.lengths), [problem.batch], .i32, shared: true)
    if problem.sinks {
      try operands.add(.sinks, source(.sinks), [problem.heads], .f32, shared: true)
    }
    try operands.add(.o, source(.o), own + [problem.valueDim], problem.outputDType)
    try operands.add(.lse, source(.lse), own, .f32)
    let sections = try sections(
      lists, operands, listBytes: 4 * (width + 2), ListMemory(), capabilities)
    let most = sections.map { $0.lists(lists).count }.max() ?? 0
    var preparation: ListPreparation?
    if let rows = problem.lists, width > 0, most > 0 {
      preparation = try ListPreparation(
        rows, lists: most, transposed: false, in: &plan, capabilities)
    }
    // Few rows of one section have a kernel of their own; the rest is done in tiles.
    try lists.checkCounts()
    let decode =
      sections.count == 1 && lists.listed == (preparation != nil)
      ? DecodeRecorder(lists, operands, splits: problem.splits, capabilities) : nil
    // Tiles read all operands in one type.
    guard decode != nil || !problem.isMixed else { return try converted(problem, capabilities) }
    var tiles: ListRecorder?
    if decode == nil {
      let tiling = try ListTiling.best(.forward, lists, capabilities)
      plan.tile = [tiling.box.tileR, tiling.box.tileC]
      tiles = try ListRecorder(lists, operands, tiling, ListMemory(), capabilities)
    }
    for section in sections {
      let range = section.lists(lists)
      try preparation?.append(
        range,
        .init(indices: source(.indices), counts: problem.counts ? source(.counts) : .none),
        to: &plan, capabilities)
      let prepared = preparation.map {
        PreparedLists(
          entries: $0.entries, lengths: $0.lengths, first: range.lowerBound, count: range.count)
      }
      try decode?.record(to: &plan, prepared, capabilities)
      try tiles?.record(
        to: &plan, section, prepared, whole: sections.count == 1, splits: problem.splits)
    }
    plan.finishLists(lists, backward: false)
    return plan
  }

  /// Plans what no kernel reads as it is: queries, keys and values become f32 first.
  private static func converted(
    _ problem: PagedProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    var plain = problem
    plain.dtype = .f32
    (plain.keyStorage, plain.valueStorage) = (nil, nil)
    var plan = Plan(operation: "paged-decode", schedule: "converted", tile: [])
    func elements(
      _ tokens: Int, _ heads: Int, _ dim: Int, _ storage: VectorStorage,
      _ operand: Plan.PagedOperand, _ parameters: Plan.PagedOperand
    ) throws(TesseraError) -> Plan.Source {
      guard storage != .plain(.f32) else { return .operand(operand.rawValue) }
      let count = try Shape([tokens, heads, dim]).byteCount(of: .f32)
      let out = plan.addScratch(count)
      try QuantizationPlanner.appendElements(
        to: &plan, "elements of \(operand)", vectors: tokens * heads, heads: heads, dim: dim, storage,
        .f32, codes: .operand(operand.rawValue), parameters: .operand(parameters.rawValue), out: out,
        capabilities)
      return out
    }
    let tokens = try Shape([problem.pages, problem.pageSize]).elementCount
    let sources: [Plan.PagedOperand: Plan.Source] = [
      .q: try elements(
        problem.batch * problem.queryLength, problem.heads, problem.headDim, .plain(problem.dtype),
        .q, .q),
      .k: try elements(
        tokens, problem.kvHeads, problem.headDim, problem.keys, .k, .keyParameters),
      .v: try elements(
        tokens, problem.kvHeads, problem.valueDim, problem.values, .v, .valueParameters),
    ]
    let attention = try paged(plain, capabilities)
    plan.append(attention) { position in
      Plan.PagedOperand(rawValue: position).flatMap { sources[$0] } ?? .operand(position)
    }
    plan.tile = attention.tile
    plan.bytes = attention.bytes
    plan.notes.append("pages and queries become f32 first: no kernel for so many rows reads them as they are")
    return plan
  }
}
