import CTesseraSIMD
package import TesseraCore
package import TesseraHAL

/// The union or the intersection of two lists of key blocks.
///
/// Shapes: indices `[rows.., W]` of each, i32, with the same rows, and counts `[rows..]` or none; the result
/// has rows of `width` entries, ascending and then −1, and counts.
package struct ListSetProblem: Sendable, Hashable, Codable {
  package enum Operation: String, Sendable, Hashable, Codable, CaseIterable {
    case union, intersection
  }
  package var operation: Operation
  /// Rows of all lists.
  package var rows: Int
  /// Entries per row of the first and the second list.
  package var widths: [Int]
  /// Whether they have counts.
  package var counts: [Bool]
  /// Blocks there are: entries at or past it name none.
  package var blocks: Int

  package init(
    _ operation: Operation, rows: Int, widths: [Int], counts: [Bool], blocks: Int
  ) throws(TesseraError) {
    self.operation = operation
    self.rows = rows
    self.widths = widths
    self.counts = counts
    self.blocks = blocks
    guard (0...PatternProblem.limit).contains(blocks) else {
      throw .invalidArgument("blocks", got: blocks, allowed: "0...\(PatternProblem.limit)")
    }
  }

  /// Entries per row of the result.
  package var width: Int {
    min(operation == .union ? widths[0] + widths[1] : min(widths[0], widths[1]), blocks)
  }
}

/// Lists of key blocks from a dense mask `[lists, Nq, Nk]`, bool: a row lists a block if the mask holds for
/// any of its queries and any of the block's keys.
package struct ListMaskProblem: Sendable, Hashable, Codable {
  package var lists: Int
  package var queries: Int
  package var keys: Int
  package var queryBlock: Int
  package var keyBlock: Int

  package init(
    lists: Int, queries: Int, keys: Int, queryBlock: Int, keyBlock: Int
  ) throws(TesseraError) {
    (self.lists, self.queries, self.keys) = (lists, queries, keys)
    (self.queryBlock, self.keyBlock) = (queryBlock, keyBlock)
    for (name, size) in [("q_block", queryBlock), ("kv_block", keyBlock)]
    where !(1...PatternProblem.limit).contains(size) {
      throw .invalidArgument(name, got: size, allowed: "1...\(PatternProblem.limit)")
    }
  }

  /// Rows of a list.
  package var rows: Int { (queries + queryBlock - 1) / queryBlock }
  /// Key blocks, and entries per row.
  package var blocks: Int { (keys + keyBlock - 1) / keyBlock }
}

/// Plans what makes lists of lists and of masks.
package enum ListSetPlanner {
  /// Operands: 0 = first indices, 1 = their counts, 2 = second indices, 3 = their counts, 4 = indices
  /// `[rows, width]`, 5 = counts `[rows]`.
  /// - Throws: `overLimit` if the lists exceed what the device can bind or count.
  package static func plan(
    _ problem: ListSetProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    let (rows, width) = (problem.rows, problem.width)
    var plan = Plan(
      operation: problem.operation.rawValue, schedule: rows > 0 ? "rows" : "empty", tile: [])
    guard rows > 0 else { return plan }
    let elements = try problem.widths.map { each throws(TesseraError) in
      try Shape([rows, each]).elementCount
    }
    try Plan.checkBindings(
      plan.operation,
      [
        ("first", elements[0], .i32), ("second", elements[1], .i32), ("indices", rows * width, .i32),
      ], capabilities)
    plan.bytes = 4 * Double(elements[0] + elements[1] + rows * width + rows)
    let form = ListRowsForm(
      blocks: problem.blocks, width: max(problem.widths[0], problem.widths[1]), bytesPerWord: 12,
      capabilities)
    try Plan.checkLoops(
      plan.operation,
      3 * form.iterations(blocks: problem.blocks, width: max(width, problem.widths[1]), sequences: 0)
        + problem.blocks / form.lanes, capabilities)
    var constants = ConstantBlock()
    var flags = problem.operation == .intersection ? tessera_combine_flag_intersection : 0
    if problem.counts[0] { flags |= tessera_combine_flag_first_counts }
    if problem.counts[1] { flags |= tessera_combine_flag_second_counts }
    for value in [rows, problem.widths[0], problem.widths[1], width, problem.blocks, Int(flags)] {
      constants.append(value)
    }
    let host = capabilities.backend == .cpu
    let arguments = [
      (0, elements[0]), (1, problem.counts[0] ? rows : 0), (2, elements[1]),
      (3, problem.counts[1] ? rows : 0),
    ].map { operand, count -> Plan.Argument in
      count == 0 ? .init(.none, byteCount: 0) : .init(.operand(operand), byteCount: 4 * count)
    }
    let kernel = plan.kernel(
      KernelSpec(PatternKernels.combine, form.parameters(2 * problem.blocks + 64, host: host)))
    plan.dispatches.append(
      .init(
        kernel: kernel,
        grid: host
          ? .host(
            rows, work: problem.widths[0] + problem.widths[1] + problem.blocks / 16, capabilities)
          : try .linear(rows * form.lanes, plan.operation, capabilities),
        constants: constants.bytes,
        arguments: arguments + [
          .init(width > 0 ? .operand(4) : plan.addScratch(4), byteCount: max(4 * rows * width, 4)),
          .init(.operand(5), byteCount: 4 * rows),
        ]))
    return plan
  }

  /// Operands: 0 = mask `[lists, Nq, Nk]`, bool, 1 = indices `[lists, R, blocks]`, 2 = counts `[lists, R]`.
  /// - Throws: `overLimit` if the mask exceeds what the device can bind or count.
  package static func plan(
    _ problem: ListMaskProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    let rows = try Shape([problem.lists, problem.rows]).elementCount, width = problem.blocks
    var plan = Plan(
      operation: "list from mask", schedule: rows > 0 ? "rows" : "empty",
      tile: [problem.queryBlock, problem.keyBlock])
    guard rows > 0 else { return plan }
    let bytes = try Shape([problem.lists, problem.queries, problem.keys]).elementCount
    try Plan.checkBindings(
      plan.operation, [("mask", bytes + 8, .bool), ("indices", rows * width, .i32)], capabilities)
    plan.bytes = Double(bytes) + 4 * Double(rows * width + rows)
    let form = ListRowsForm(blocks: width, width: width, capabilities)
    let each = min(problem.queryBlock, problem.queries) * (min(problem.keyBlock, problem.keys) / 4 + 3)
    try Plan.checkLoops(
      plan.operation,
      (width / form.lanes + 1) * each
        + 2 * form.iterations(blocks: width, width: width, sequences: 0), capabilities)
    var constants = ConstantBlock()
    for value in [
      rows, problem.rows, width, problem.queryBlock, problem.keyBlock, problem.queries, problem.keys, 0,
    ] { constants.append(value) }
    let host = capabilities.backend == .cpu
    let kernel = plan.kernel(KernelSpec(PatternKernels.mask, form.parameters(width, host: host)))
    plan.dispatches.append(
      .init(
        kernel: kernel,
        grid: host
          ? .host(rows, work: problem.keys / 8 * problem.queryBlock + width, capabilities)
          : try .linear(rows * form.lanes, plan.operation, capabilities),
        constants: constants.bytes,
        arguments: [
          bytes == 0 ? .init(.none, byteCount: 0) : .init(.operand(0), byteCount: bytes),
          .init(width > 0 ? .operand(1) : plan.addScratch(4), byteCount: max(4 * rows * width, 4)),
          .init(.operand(2), byteCount: 4 * rows),
        ]))
    return plan
  }
}
