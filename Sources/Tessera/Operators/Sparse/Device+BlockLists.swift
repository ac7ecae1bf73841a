import TesseraCore
import TesseraKernels
import TesseraRuntime

/// For every block of keys, the rows of a list that name it.
public struct TransposedBlockList: Sendable {
  /// i32 `[lists.., blocks + 1]`: rows of block `b` are `rows[offsets[b] ..< offsets[b + 1]]`.
  public let offsets: Tensor
  /// i32 `[lists.., R·W]`: row numbers, ascending for each block, each once; −1 behind the last.
  public let rows: Tensor
}

extension Device {
  /// The blocks that either of two lists names, row by row.
  ///
  /// - Parameters:
  ///   - first: a list of any width.
  ///   - second: a list of the same rows and blocks.
  ///   - keys: keys of a sequence, which say what blocks there are; entries outside are ignored.
  /// - Returns: a list, ascending and then −1, with counts. The work is recorded, not awaited.
  /// - Throws: `invalidArgument` naming the argument that does not fit, `overLimit`, `outOfMemory`.
  public func union(
    _ first: BlockList, _ second: BlockList, keys: Int
  ) throws(TesseraError) -> BlockList {
    try combined(.union, first, second, keys: keys)
  }

  /// The blocks that both of two lists name, row by row.
  ///
  /// Parameters, result and errors are those of ``union(_:_:keys:)``.
  public func intersection(
    _ first: BlockList, _ second: BlockList, keys: Int
  ) throws(TesseraError) -> BlockList {
    try combined(.intersection, first, second, keys: keys)
  }

  /// Lists from a dense mask: a row lists a block if the mask holds for any of its queries and any of the
  /// block's keys.
  ///
  /// - Parameters:
  ///   - mask: bool `[B, Hl, Nq, Nk]`, or `[Hl, Nq, Nk]`. A mask of blocks becomes a list with blocks of
  ///     1, which then stands for the blocks' sizes.
  ///   - queryBlock: queries per row, at least 1.
  ///   - keyBlock: keys per block, at least 1.
  /// - Returns: a list as wide as there are blocks, ascending and then −1, with counts. The work is
  ///   recorded, not awaited.
  /// - Throws: `invalidArgument` naming the argument that does not fit, `overLimit`, `outOfMemory`.
  public func blockList(
    mask: Tensor, queryBlock: Int, keyBlock: Int
  ) throws(TesseraError) -> BlockList {
    try require(mask, "mask")
    let axes = mask.shape.dimensions
    guard axes.count >= 3 else {
      throw .invalidArgument("mask", got: "shape \(mask.shape)", allowed: "[B, Hl, Nq, Nk]")
    }
    try require(mask, "mask", axes, .bool)
    let outer = Array(axes.dropLast(2))
    let problem = try ListMaskProblem(
      lists: try Shape(outer).elementCount, queries: mask.shape[-2], keys: mask.shape[-1],
      queryBlock: queryBlock, keyBlock: keyBlock)
    let prepared = try plans.plan(problem) { () throws(TesseraError) in
      try PlanExecutor.prepare(try ListSetPlanner.plan(problem, context.capabilities), on: context)
    }
    return try list(
      prepared, [("mask", mask)], outer + [problem.rows], problem.blocks, queryBlock, keyBlock)
  }

  /// The transposed list: for every block of keys, the rows that name it, by a counting sort on the
  /// device.
  ///
  /// - Parameters:
  ///   - list: entries count as in attention: a set of blocks per row.
  ///   - keys: keys of a sequence, which say what blocks there are.
  /// - Returns: offsets and rows, the same for any order of the entries. The work is recorded, not
  ///   awaited.
  /// - Throws: `invalidArgument` naming the argument that does not fit, `overLimit`, `outOfMemory`.
  public func transposed(_ list: BlockList, keys: Int) throws(TesseraError) -> TransposedBlockList {
    let outer = try rows(of: list, "list")
    let lists = Array(outer.dropLast()), rows = outer.last ?? 0
    let problem = try ListTransposeProblem(
      lists: try Shape(lists).elementCount, rows: rows, listWidth: list.indices.shape[-1],
      counts: list.counts != nil, blocks: try blocks(of: keys, list.keyBlock))
    let prepared = try plans.plan(problem) { () throws(TesseraError) in
      try PlanExecutor.prepare(
        try ListTransposePlanner.plan(problem, context.capabilities), on: context)
    }
    let inputs = try operands([("indices", list.indices), ("counts", list.counts)])
    let offsets = try Tensor(
      uninitialized: try Shape(lists + [problem.blocks + 1]), dtype: .i32, on: self)
    let numbers = try Tensor(
      uninitialized: try Shape(lists + [rows * problem.width]), dtype: .i32, on: self)
    try PlanExecutor.execute(
      prepared,
      operands: inputs + [
        try offsets.contiguousRange("offsets"), try numbers.contiguousRange("rows"),
      ], on: context)
    return TransposedBlockList(offsets: offsets, rows: numbers)
  }

  private func combined(
    _ operation: ListSetProblem.Operation, _ first: BlockList, _ second: BlockList, keys: Int
  ) throws(TesseraError) -> BlockList {
    let outer = try rows(of: first, "first"), other = try rows(of: second, "second")
    guard outer == other else {
      throw .invalidArgument("second", got: "rows \(other)", allowed: "\(outer), as the first list")
    }
    for (name, own, its) in [
      ("q_block", second.queryBlock, first.queryBlock), ("kv_block", second.keyBlock, first.keyBlock),
    ] where own != its {
      throw .invalidArgument("\(name) of second", got: own, allowed: "\(its), as the first list")
    }
    let problem = try ListSetProblem(
      operation, rows: try Shape(outer).elementCount,
      widths: [first.indices.shape[-1], second.indices.shape[-1]],
      counts: [first.counts != nil, second.counts != nil],
      blocks: try blocks(of: keys, first.keyBlock))
    let prepared = try plans.plan(problem) { () throws(TesseraError) in
      try PlanExecutor.prepare(try ListSetPlanner.plan(problem, context.capabilities), on: context)
    }
    return try list(
      prepared,
      [
        ("first", first.indices), ("first counts", first.counts), ("second", second.indices),
        ("second counts", second.counts),
      ], outer, problem.width, first.queryBlock, first.keyBlock)
  }

  /// Runs a plan that makes a list of these rows.
  private func list(
    _ prepared: PreparedPlan, _ inputs: [(name: String, tensor: Tensor?)], _ rows: [Int],
    _ width: Int, _ queryBlock: Int, _ keyBlock: Int
  ) throws(TesseraError) -> BlockList {
    let inputs = try operands(inputs)
    let indices = try Tensor(uninitialized: try Shape(rows + [width]), dtype: .i32, on: self)
    let counts = try Tensor(uninitialized: try Shape(rows), dtype: .i32, on: self)
    try PlanExecutor.execute(
      prepared,
      operands: inputs + [
        try indices.contiguousRange("indices"), try counts.contiguousRange("counts"),
      ], on: context)
    return BlockList(
      indices: indices, counts: counts, queryBlock: queryBlock, keyBlock: keyBlock)
  }

  /// The shape of a list's rows, checked.
  private func rows(of list: BlockList, _ name: String) throws(TesseraError) -> [Int] {
    try require(list.indices, "indices of \(name)")
    let axes = list.indices.shape.dimensions
    guard axes.count >= 2 else {
      throw .invalidArgument(
        "indices of \(name)", got: "shape \(list.indices.shape)", allowed: "[B, Hl, R, W]")
    }
    try require(list.indices, "indices of \(name)", axes, .i32)
    if let counts = list.counts {
      try require(counts, "counts of \(name)")
      try require(counts, "counts of \(name)", Array(axes.dropLast()), .i32)
    }
    return Array(axes.dropLast())
  }

  private func blocks(of keys: Int, _ keyBlock: Int) throws(TesseraError) -> Int {
    guard (0...PatternProblem.limit).contains(keys) else {
      throw .invalidArgument("keys", got: keys, allowed: "0...\(PatternProblem.limit)")
    }
    guard (1...PatternProblem.limit).contains(keyBlock) else {
      throw .invalidArgument("kv_block", got: keyBlock, allowed: "1...\(PatternProblem.limit)")
    }
    return (keys + keyBlock - 1) / keyBlock
  }
}
