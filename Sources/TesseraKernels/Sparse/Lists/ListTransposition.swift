import TesseraCore
import TesseraHAL

/// The counting sort that transposes row lists: how rows are cut into chunks, and its dispatches.
struct ListTransposition {
  let rows: Int
  let capacity: Int
  let blocks: Int
  /// Lists there is room for.
  let lists: Int
  /// Rows of a chunk: a multiple of 32, or below.
  let chunkRows: Int
  /// Chunks of a list.
  let chunks: Int

  init(_ problem: BlockListProblem, _ lists: Int, _ capacity: Int, _ capabilities: Capabilities) {
    self.init(
      rows: problem.listRows, capacity: capacity, blocks: problem.keyBlocks, lists: lists,
      capabilities)
  }

  init(rows: Int, capacity: Int, blocks: Int, lists: Int, _ capabilities: Capabilities) {
    (self.rows, self.capacity, self.blocks, self.lists) = (rows, capacity, blocks, lists)
    // Counters cost as much as entries: of each about as many, or more entries where a chunk per
    // processor would do.
    let entries = max(2 * blocks, 1024)
    let enough = rows * max(lists, 1) / max(4 * capabilities.computeUnits, 1)
    let wanted = max(entries / max(capacity, 1), min(enough, 8 * entries / max(capacity, 1)))
    var chunkRows = min((wanted / 32 + 1) * 32, (rows + 31) / 32 * 32)
    // A scatter goes through its entries three times.
    if let limit = capabilities.maxLoopIterations {
      let most = max(1, 64 * (limit / 2) / (3 * max(capacity, 1)))
      chunkRows = min(chunkRows, most > 32 ? most / 32 * 32 : most)
    }
    self.chunkRows = chunkRows
    chunks = chunkRows == 0 ? 0 : (rows + chunkRows - 1) / chunkRows
  }

  /// Counters of all lists and chunks.
  var countElements: Int { lists * chunks * blocks }

  /// Blocks that a workgroup counts in local memory.
  private func span(_ capabilities: Capabilities) -> Int {
    var span = min(4096, max(64, ListRowsForm.powerOfTwo(blocks)))
    while span > 64, 8 * span > capabilities.localMemoryBytes { span /= 2 }
    return span
  }

  /// Appends the sort of the first `lists` lists.
  /// - Parameter rowsOnly: whether `rows` gets rows without places, and −1 behind the last.
  /// - Throws: `overLimit` if the device cannot count or bind what there is.
  func append(
    lists: Int, entries: Plan.Source, lengths: Plan.Source, counts: Plan.Source,
    offsets: Plan.Source, rows target: Plan.Source, rowsOnly: Bool = false, to plan: inout Plan,
    _ capabilities: Capabilities
  ) throws(TesseraError) {
    guard lists > 0 else { return }
    let host = capabilities.backend == .cpu
    let span = span(capabilities)
    let each = (chunkRows * capacity + 63) / 64
    try Plan.checkLoops(
      "transposed lists", 3 * each + 4 * (chunkRows / 32 + 1) + span / 64 + 16, capabilities)
    try Plan.checkLoops("transposed lists", 2 * (blocks / 64) + 80, capabilities)
    try Plan.checkLoops("transposed lists", chunks, capabilities)
    var constants = ConstantBlock()
    for value in [lists, rows, capacity, blocks, chunks, chunkRows] { constants.append(value) }
    let arguments = (
      entries: Plan.Argument(entries, byteCount: max(4 * lists * rows * capacity, 4)),
      lengths: Plan.Argument(lengths, byteCount: 8 * lists * rows),
      counts: Plan.Argument(counts, byteCount: max(4 * lists * chunks * blocks, 4)),
      offsets: Plan.Argument(offsets, byteCount: 4 * lists * (blocks + 1)),
      rows: Plan.Argument(target, byteCount: max(4 * lists * rows * capacity, 4))
    )
    func dispatch(_ name: String, spans: Bool, _ grid: GridSize, _ bound: [Plan.Argument]) {
      var parameters: [KernelSpec.Parameter] = spans && !host ? [.init("SPAN", span)] : []
      if name == ListKernels.scatter { parameters.append(.init("ROWS_ONLY", rowsOnly ? 1 : 0)) }
      plan.dispatches.append(
        .init(
          kernel: plan.kernel(KernelSpec(name, parameters)), grid: grid, constants: constants.bytes,
          arguments: bound))
    }
    var grids = (
      chunks: GridSize.host(lists * chunks, work: chunkRows * capacity + blocks, capabilities),
      blocks: GridSize.host(lists * blocks, work: chunks, capabilities),
      lists: GridSize.host(lists, work: blocks, capabilities)
    )
    if !host {
      grids = (
        try .linear(64 * lists * chunks, "transposed lists", capabilities),
        try .linear(lists * blocks, "transposed lists", capabilities),
        try .linear(64 * lists, "transposed lists", capabilities)
      )
      grids.chunks = GridSize(grids.chunks.x, grids.chunks.y, max(1, (blocks + span - 1) / span))
    }
    if rows > 0 {
      dispatch(
        ListKernels.count, spans: true, grids.chunks,
        [arguments.entries, arguments.lengths, arguments.counts])
    }
    if blocks > 0 {
      dispatch(
        ListKernels.prefix, spans: false, grids.blocks, [arguments.counts, arguments.offsets])
    }
    dispatch(ListKernels.scan, spans: false, grids.lists, [arguments.offsets])
    guard rows > 0 else { return }
    dispatch(
      ListKernels.scatter, spans: true, grids.chunks,
      [
        arguments.entries, arguments.lengths, arguments.counts, arguments.offsets, arguments.rows,
      ])
  }
}
