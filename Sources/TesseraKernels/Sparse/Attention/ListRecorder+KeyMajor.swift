import TesseraCore
import TesseraHAL

/// The schedule in which a workgroup's rows are many rows' that list one block: every (row, place) gets
/// a result of its own, and those of a row are joined in order of the places.
extension ListRecorder {
  /// What one series of dispatches covers.
  private struct Range3 {
    var batches: Range<Int>
    var units: Range<Int>
    var rows: Range<Int>
  }

  mutating func recordKeyMajor(
    to plan: inout Plan, _ section: ListSection, _ lists: PreparedLists
  ) throws(TesseraError) {
    let forward = tiling.pass == .forward
    let kernel = plan.kernel(KernelSpec(tiling.kernel, parameters(partial: true)))
    if tiling.box.hopper != nil { plan.tier = TensorTier.hopper.rawValue }
    let ranges = try tileRanges(1)
    guard ranges.count == 1, let tiles = ranges.first else {
      throw .overLimit(
        "loop iterations of one key block", requested: problem.keyBlock,
        limit: "what fits one dispatch",
        device: capabilities.name)
    }
    let columns = forward ? problem.valueDim : problem.headDim
    let slotsPerRow = problem.listWidth * problem.perRow
    for part in parts(section, bytesPerRow: slotsPerRow * 4 * (columns + 1)) {
      let slots = part.batches.count * part.units.count * part.rows.count * slotsPerRow
      let sums = scratch("parts", max(4 * slots * columns, 256), &plan)
      var own: [ListPass.Role: Plan.Argument] = [
        .chunks: try chunks(part.batches, part.units, part.rows, lists, to: &plan)
      ]
      own[forward ? .o : .dQ] = sums
      if forward { own[.lse] = scratch("parts of lse", 4 * slots, &plan) }
      let most =
        problem.blocks + (part.rows.count * slotsPerRow + tiling.box.tileR - 1) / tiling.box.tileR
      let whole = try grid(section, tiles: most)
      let z = tiling.box.parts * part.units.count * part.batches.count
      plan.dispatches.append(
        .init(
          kernel: kernel, grid: GridSize(whole.x, whole.y, z),
          constants: constants(
            section, lists, tiles: tiles, splits: 1, flags: 0, rows: part.rows, units: part.units,
            batches: part.batches),
          arguments: arguments(&plan, section, lists, own)))
      try join(part, section, lists, sums, own[.lse], to: &plan)
    }
    let note =
      "key-major: \(tiling.box.tileR) rows that list a block × \(tiling.box.tileC) of its keys"
    if !plan.notes.contains(note) { plan.notes.append(note) }
  }

  /// Ranges whose results fit the room that there is, as few as possible: whole batch entries, or units
  /// of one, or rows of one unit.
  private func parts(_ section: ListSection, bytesPerRow: Int) -> [Range3] {
    let units = units(section)
    let rows = 0..<max(problem.rows, 1)
    let room = max(1, memory.joined / max(bytesPerRow, 1))
    var result: [Range3] = []
    let wholeEntries = min(section.batches.count, room / max(rows.count * units.count, 1))
    if wholeEntries > 0 {
      for b in stride(
        from: section.batches.lowerBound, to: section.batches.upperBound, by: wholeEntries)
      {
        let end = min(b + wholeEntries, section.batches.upperBound)
        result.append(Range3(batches: b..<end, units: units, rows: rows))
      }
      return result
    }
    let together = max(1, room / rows.count)
    let some = min(rows.count, room)
    for b in section.batches {
      for unit in stride(from: units.lowerBound, to: units.upperBound, by: together) {
        for row in stride(from: 0, to: rows.count, by: some) {
          result.append(
            Range3(
              batches: b..<b + 1, units: unit..<min(unit + together, units.upperBound),
              rows: row..<min(row + some, rows.count)))
        }
      }
    }
    return result
  }

  /// Adds what cuts the rows of each block into chunks; what it writes is as long as for all lists.
  private mutating func chunks(
    _ batches: Range<Int>, _ units: Range<Int>, _ rows: Range<Int>, _ lists: PreparedLists,
    to plan: inout Plan
  ) throws(TesseraError) -> Plan.Argument {
    guard let offsets = lists.argument(.offsets, problem, tiling),
      let entries = lists.argument(.entries, problem, tiling)
    else {
      throw .invalidArgument("lists", got: "no transposed ones", allowed: "both, for this schedule")
    }
    // Units and lists are the same, unless one list serves all.
    let perEntry = problem.listHeads
    let mine =
      perEntry == problem.units && batches.count == 1
      ? batches.lowerBound * perEntry + units.lowerBound..<batches.lowerBound * perEntry
        + units.upperBound
      : batches.lowerBound * perEntry..<batches.upperBound * perEntry
    let chunks = scratch("chunks", 4 * lists.count * (3 * problem.blocks + 1), &plan)
    let perThread = (problem.blocks + 63) / 64
    let bisection = Int.bitWidth - (problem.listRows * problem.listWidth).leadingZeroBitCount + 1
    try Plan.checkLoops(
      "chunks of lists", 64 + perThread * (2 + (rows.count < problem.listRows ? 2 * bisection : 0)),
      capabilities)
    var constants = ConstantBlock()
    for value in [
      mine.lowerBound - lists.first, mine.count, problem.listRows, problem.listWidth,
      problem.blocks,
      rows.lowerBound, rows.count, problem.perRow, tiling.box.tileR,
    ] { constants.append(value) }
    let x = min(mine.count, capabilities.maxGroupCount[0])
    plan.dispatches.append(
      .init(
        kernel: plan.kernel(KernelSpec(ListAttentionKernels.chunks)),
        grid: GridSize(x, (mine.count + x - 1) / x), constants: constants.bytes,
        arguments: [offsets, entries, chunks]))
    return chunks
  }

  private mutating func join(
    _ part: Range3, _ section: ListSection, _ lists: PreparedLists, _ sums: Plan.Argument,
    _ partLSE: Plan.Argument?, to plan: inout Plan
  ) throws(TesseraError) {
    let forward = tiling.pass == .forward
    let columns = forward ? problem.valueDim : problem.headDim
    let blocks = max(1, (columns + 3) / 4)
    let rows = part.batches.count * part.units.count * part.rows.count * problem.perRow
    try Plan.checkLoops(
      "joining", 2 * problem.listWidth + (problem.sequences ?? 0) + 1, capabilities)
    let dtype = forward ? problem.outputDType : problem.dtype
    let kernel = plan.kernel(
      KernelSpec(
        ListAttentionKernels.join,
        [
          .init("O_DTYPE", dtype.kernelCode), PartKernels.vector(columns, capabilities),
          .init("PACKED", problem.sequences == nil ? 0 : 1), .init("WEIGHED", forward ? 1 : 0),
        ]))
    var constants = ConstantBlock()
    for value in [
      problem.queries, problem.keys, problem.heads, problem.kvHeads, problem.listHeads,
      problem.listRows, problem.listWidth, problem.queryBlock, problem.keyBlock,
      problem.sequences ?? 0, (problem.topLeft ? 4 : 0) | (problem.sinks && forward ? 32 : 0),
      part.rows.lowerBound, part.rows.count, part.batches.lowerBound - section.bound.lowerBound,
      part.units.lowerBound, part.units.count,
      lists.first - section.bound.lowerBound * problem.listHeads, columns, blocks, rows * blocks,
    ] { constants.append(value) }
    func bound(_ role: ListPass.Role, written: Bool) -> Plan.Argument {
      if let tensor = operands[role] {
        return tensor.shared
          ? .init(tensor.source, byteCount: tensor.bytes)
          : .init(
            tensor.source, offset: tensor.bytes * section.bound.lowerBound,
            byteCount: tensor.bytes * section.bound.count)
      }
      return written ? scratch("unused \(role)", 256, &plan) : .init(.none, byteCount: 0)
    }
    plan.dispatches.append(
      .init(
        kernel: kernel, grid: try .linear(rows * blocks, "joining", capabilities),
        constants: constants.bytes,
        arguments: [
          sums, partLSE ?? .init(.none, byteCount: 0),
          .init(lists.lengths, byteCount: lists.lengthBytes(problem)), bound(.cuQ, written: false),
          bound(.cuK, written: false), bound(.sinks, written: false),
          forward ? bound(.o, written: true) : bound(.dQ, written: true),
          forward ? bound(.lse, written: true) : scratch("unused lse", 256, &plan),
        ]))
  }
}
