import CTesseraSIMD
package import TesseraCore
package import TesseraHAL

/// Memory of a plan that holds lists of key blocks in the form that kernels read, and the dispatches
/// that fill it: row lists (`list_rows.h`) and, if wanted, their transposition (`list_transpose.h`).
///
/// A planner makes one for as many lists as it works on at a time, and fills it again for each range.
package struct ListPreparation: Sendable {
  /// Where the kernels find the caller's tensors.
  package struct Operands: Sendable {
    package var indices: Plan.Source
    package var counts: Plan.Source
    package var cuQ: Plan.Source
    package var cuK: Plan.Source

    package init(
      indices: Plan.Source, counts: Plan.Source = .none, cuQ: Plan.Source = .none,
      cuK: Plan.Source = .none
    ) {
      (self.indices, self.counts, self.cuQ, self.cuK) = (indices, counts, cuQ, cuK)
    }

    /// Those of plans of attention over block lists.
    package static let attention = Operands(
      indices: .operand(Plan.BlockListOperand.indices.rawValue),
      counts: .operand(Plan.BlockListOperand.counts.rawValue),
      cuQ: .operand(Plan.BlockListOperand.cuQ.rawValue),
      cuK: .operand(Plan.BlockListOperand.cuK.rawValue))
  }
  /// Where transposed lists are.
  package struct Transposed: Sendable {
    /// i32 `[lists, blocks + 1]`
    package let offsets: Plan.Source
    /// i32 `[lists, R·capacity]`
    package let rows: Plan.Source
  }

  package let problem: BlockListProblem
  /// Lists there is room for.
  package let lists: Int
  /// Entries a row has room for.
  package let capacity: Int
  /// i32 `[lists, R, capacity]`
  package let entries: Plan.Source
  /// i32 `[lists, R, 2]`
  package let lengths: Plan.Source
  package let transposed: Transposed?

  /// Bytes of `entries` and of `transposed.rows`.
  package var entryBytes: Int { 4 * lists * problem.listRows * capacity }
  /// Bytes of `lengths`.
  package var lengthBytes: Int { 8 * lists * problem.listRows }
  /// Bytes of `transposed.offsets`.
  package var offsetBytes: Int { 4 * lists * (problem.keyBlocks + 1) }

  /// Adds the memory to a plan.
  /// - Throws: `overLimit` if the lists exceed what kernels count or the device binds: use fewer.
  package init(
    _ problem: BlockListProblem, lists: Int, transposed: Bool, in plan: inout Plan,
    _ capabilities: Capabilities
  ) throws(TesseraError) {
    self.problem = problem
    self.lists = lists
    capacity = problem.rowCapacity
    let entries = try Shape([lists, problem.listRows, capacity]).elementCount
    try Plan.checkBindings(
      plan.operation,
      [("list entries", entries, .i32), ("list lengths", 2 * lists * problem.listRows, .i32)],
      capabilities)
    self.entries = plan.addScratch(4 * entries)
    lengths = plan.addScratch(8 * lists * problem.listRows)
    if transposed {
      let offsets = plan.addScratch(4 * lists * (problem.keyBlocks + 1))
      let rows = plan.addScratch(4 * entries)
      self.transposed = Transposed(offsets: offsets, rows: rows)
      let sort = ListTransposition(problem, lists, capacity, capabilities)
      try Plan.checkBindings(
        plan.operation,
        [
          ("block counts", sort.countElements, .i32),
          ("list offsets", lists * (problem.keyBlocks + 1), .i32),
        ], capabilities)
      counts = plan.addScratch(4 * sort.countElements)
    } else {
      self.transposed = nil
      counts = .none
    }
  }

  /// Counters of the counting sort.
  private let counts: Plan.Source
  /// Entries of the longest rows that one invocation sorts.
  private static let shortWidth = 64

  /// Lists to prepare at a time for `budget` bytes of memory: at least one, at most all.
  package static func lists(
    of problem: BlockListProblem, transposed: Bool, budget: Int, _ capabilities: Capabilities
  ) -> Int {
    let capacity = problem.rowCapacity
    let entries = problem.listRows * capacity
    var (largest, all) = (max(entries, 2 * problem.listRows), entries + 2 * problem.listRows)
    if transposed {
      let sort = ListTransposition(problem, problem.lists, capacity, capabilities)
      let counts = sort.chunks * problem.keyBlocks
      largest = max(largest, counts, problem.keyBlocks + 1)
      all += entries + counts + problem.keyBlocks + 1
    }
    let bound = min(capabilities.maxBindingRange, Int(Int32.max)) / (4 * max(largest, 1))
    return max(1, min(problem.lists, budget / (4 * max(all, 1)), bound))
  }

  /// Appends what fills the memory for a range of the problem's lists; list `range.lowerBound` comes
  /// first.
  /// - Throws: `overLimit` if the device cannot bind or count what there is.
  package func append(
    _ range: Range<Int>, _ operands: Operands, to plan: inout Plan, _ capabilities: Capabilities
  ) throws(TesseraError) {
    guard !range.isEmpty, problem.listRows > 0 else { return }
    try appendRows(range, operands, to: &plan, capabilities)
    if let transposed {
      try ListTransposition(problem, lists, capacity, capabilities).append(
        lists: range.count, entries: entries, lengths: lengths, counts: counts,
        offsets: transposed.offsets, rows: transposed.rows, to: &plan, capabilities)
    }
  }

  /// The start of a range of words of an operand as a device can bind it, and the words to skip there.
  private static func window(
    _ source: Plan.Source, from first: Int, count: Int, _ capabilities: Capabilities
  ) -> (argument: Plan.Argument, skip: Int) {
    guard source != .none, count > 0 else { return (.init(.none, byteCount: 0), 0) }
    let alignment = max(capabilities.bindingAlignment, 4)
    let offset = 4 * first / alignment * alignment
    return (
      .init(source, offset: offset, byteCount: 4 * (first + count) - offset), first - offset / 4
    )
  }

  private func appendRows(
    _ range: Range<Int>, _ operands: Operands, to plan: inout Plan, _ capabilities: Capabilities
  ) throws(TesseraError) {
    let (rows, width) = (problem.listRows, problem.listWidth), count = range.count * rows
    let attention = problem.attention
    let host = capabilities.backend == .cpu
    let indices = Self.window(
      operands.indices, from: range.lowerBound * rows * width, count: count * width, capabilities)
    let counts = Self.window(
      problem.counts ? operands.counts : .none, from: range.lowerBound * rows, count: count,
      capabilities)
    try Plan.checkBindings(
      "lists", [("indices", indices.skip + count * width, .i32)], capabilities)
    // Blocks of one sequence, which of a packed batch may be all there is.
    let blocks = (attention.keyLength + problem.keyBlock - 1) / problem.keyBlock
    let form = ListRowsForm(blocks: blocks, width: width, capabilities)
    let sequences = attention.packed ? attention.batch : 0
    // Bitmaps of many blocks take longer to clear and count than a few entries to sort.
    let short = !host && width <= Self.shortWidth && capacity <= 16 * Self.shortWidth
    try Plan.checkLoops(
      "lists",
      short
        ? sequences + 2 * width * (width + 1) + 2 * capacity
        : form.iterations(blocks: blocks, width: width, sequences: sequences), capabilities)
    let kernel = plan.kernel(
      short
        ? KernelSpec(ListKernels.rowsShort)
        : KernelSpec(ListKernels.rows, form.parameters(blocks, host: host)))
    let most = 1 << 30
    var flags = 0
    for (condition, flag) in [
      (problem.counts, tessera_list_flag_counts), (attention.packed, tessera_list_flag_packed),
      (attention.causal, tessera_list_flag_causal),
      (attention.alignment == .topLeft, tessera_list_flag_top_left),
      (problem.addedLeft != nil, tessera_list_flag_window),
    ] where condition { flags |= Int(flag) }
    var constants = ConstantBlock()
    for value in [
      count, rows, width, capacity, problem.queryBlock, problem.keyBlock, attention.queryLength,
      attention.keyLength, attention.packed ? attention.batch : 0, min(problem.addedLeft ?? 0, most),
      min(problem.addedRight ?? 0, most), flags, indices.skip, counts.skip,
    ] { constants.append(value) }
    func lengths(_ source: Plan.Source) -> Plan.Argument {
      attention.packed
        ? .init(source, byteCount: 4 * (attention.batch + 1)) : .init(.none, byteCount: 0)
    }
    plan.dispatches.append(
      .init(
        kernel: kernel,
        grid: host
          ? .host(count, work: width + capacity + 32, capabilities)
          : try .linear(short ? count : count * form.lanes, "lists", capabilities),
        constants: constants.bytes,
        arguments: [
          indices.argument, counts.argument, lengths(operands.cuQ), lengths(operands.cuK),
          .init(entries, byteCount: max(4 * count * capacity, 4)),
          .init(self.lengths, byteCount: 8 * count),
        ]))
  }
}
