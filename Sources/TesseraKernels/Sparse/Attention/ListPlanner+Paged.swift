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
    try operands.add(.k, source(.k), problem.keyDimensions, problem.dtype, shared: true)
    try operands.add(.v, source(.v), problem.valueDimensions, problem.dtype, shared: true)
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
}
