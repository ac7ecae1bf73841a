package import TesseraCore
package import TesseraHAL

/// Turns one pass of one problem into dispatches, section by section.
package struct ListRecorder {
  let problem: ListProblem
  let operands: ListOperands
  let tiling: ListTiling
  let capabilities: Capabilities
  let memory: ListMemory
  /// Scratch that all sections share.
  private var shared: [String: Plan.Source] = [:]

  package init(
    _ problem: ListProblem, _ operands: ListOperands, _ tiling: ListTiling,
    _ memory: ListMemory, _ capabilities: Capabilities
  ) throws(TesseraError) {
    // Nothing can be listed: then there are no lists to look at.
    let empty =
      problem.listed && (problem.listWidth == 0 || problem.listRows == 0 || problem.blocks == 0)
    self.problem = empty ? problem.withoutPairs(tiling.pass) : problem
    self.operands = operands
    self.tiling = tiling
    self.capabilities = capabilities
    self.memory = memory
    try problem.checkCounts()
  }

  /// Adds the dispatches of one section.
  ///
  /// - Parameters:
  ///   - lists: the lists of the section, at least; nil if there are none.
  ///   - whole: whether the section is everything: then workgroups may share tiles.
  ///   - splits: workgroups that share the columns of a tile; nil chooses.
  package mutating func record(
    to plan: inout Plan, _ section: ListSection, _ lists: PreparedLists?, whole: Bool,
    splits: Int? = nil
  ) throws(TesseraError) {
    if tiling.keyMajor, let lists, problem.listed {
      return try recordKeyMajor(to: &plan, section, lists)
    }
    let grid = try grid(section, tiles: tiles)
    let splits = whole ? self.splits(grid, wanted: splits) : 1
    let kernel = plan.kernel(KernelSpec(tiling.kernel, parameters(partial: splits > 1)))
    if tiling.box.hopper != nil { plan.tier = TensorTier.hopper.rawValue }
    let ranges = try tileRanges(splits)
    var partial: [ListPass.Role: Plan.Argument] = [:]
    if splits > 1 {
      for role in tiling.pass.results {
        guard let bytes = partialBytes(role) else { continue }
        partial[role] = scratch("partial \(role)", splits * bytes, &plan)
      }
    }
    let full = GridSize(grid.x, grid.y, grid.z * splits)
    let arguments = arguments(&plan, section, lists, partial, state: stateBytes(full, ranges))
    for (index, range) in ranges.enumerated() {
      plan.dispatches.append(
        .init(
          kernel: kernel, grid: full,
          constants: constants(
            section, lists, tiles: range, splits: splits,
            flags: (index > 0 ? BoxPlanner.flagContinue : 0)
              | (index < ranges.count - 1 ? BoxPlanner.flagSuspend : 0)),
          arguments: arguments))
    }
    try join(partial.mapValues(\.source), splits, to: &plan)
    note(&plan, ranges.count, splits)
  }

  /// Scratch that is the same for all sections, as large as the largest needs it.
  mutating func scratch(_ name: String, _ bytes: Int, _ plan: inout Plan) -> Plan.Argument {
    if case .scratch(let index)? = shared[name] {
      plan.scratch[index] = max(plan.scratch[index], bytes)
      return Plan.Argument(.scratch(index), byteCount: bytes)
    }
    let source = plan.addScratch(bytes)
    shared[name] = source
    return Plan.Argument(source, byteCount: max(bytes, 4))
  }

  /// The buffers of a dispatch; `own` replaces some.
  mutating func arguments(
    _ plan: inout Plan, _ section: ListSection, _ lists: PreparedLists?,
    _ own: [ListPass.Role: Plan.Argument], state: Int = 0
  ) -> [Plan.Argument] {
    var arguments: [Plan.Argument] = []
    for role in tiling.pass.roles {
      if let argument = own[role] {
        arguments.append(argument)
      } else if role == .state {
        arguments.append(scratch("state", max(state, 256), &plan))
      } else if let lists, let argument = lists.argument(role, problem, tiling) {
        arguments.append(argument)
      } else if let tensor = operands[role] {
        arguments.append(
          tensor.shared
            ? .init(tensor.source, byteCount: tensor.bytes)
            : .init(
              tensor.source, offset: tensor.bytes * section.bound.lowerBound,
              byteCount: tensor.bytes * section.bound.count))
      } else {
        // No two slots may share memory that is written.
        arguments.append(
          tiling.pass.writes(role)
            ? scratch("unused \(role)", 256, &plan) : .init(.none, byteCount: 0))
      }
    }
    return arguments
  }

  /// The parameters as the kernel names them, for OpenCL's `-D` and Vulkan's specialization.
  func parameters(partial: Bool) -> [KernelSpec.Parameter] {
    let box = tiling.box
    let own: [KernelSpec.Parameter] =
      box.hopper?.parameters ?? [
        .init("WORK_R", box.workR), .init("WORK_C", box.workC), .init("BLOCK_R", box.blockR),
        .init("BLOCK_C", box.blockC), .init("BLOCK_V", box.blockV), .init("BLOCK_D", box.blockD),
        .init("STEP_D", box.stepD), .init("STEP_C", box.stepC),
        .init("RESIDENT", box.resident ? 1 : 0), .init("STAGE", box.stageSize),
        .init("LANES", box.lanes), .init("PARTS", box.parts), .init("GRAIN", box.grain),
        .init("WIDTH", box.width), .init("GRADIENT_DTYPE", partial ? 0 : problem.dtype.kernelCode),
      ]
    return own + [
      .init("HEAD_DIM", problem.headDim), .init("VALUE_DIM", problem.valueDim),
      .init("SOFT_CAP", problem.softCap == nil ? 0 : 1),
      .init("PACKED", problem.sequences == nil ? 0 : 1),
      .init("KEY_MAJOR", tiling.keyMajor && problem.listed ? 1 : 0),
      .init("PAGED", problem.pages == nil ? 0 : 1), .init("Q_DTYPE", problem.dtype.kernelCode),
      .init("O_DTYPE", partial && tiling.pass == .forward ? 0 : problem.outputDType.kernelCode),
    ]
  }

  /// Row tiles of one unit.
  private var tiles: Int {
    let rows = tiling.pass.rowsAreKeys ? problem.keyRows : problem.rows
    let (product, overflow) = rows.multipliedReportingOverflow(by: tiling.rowTiles(problem))
    return overflow ? Int.max : product
  }

  /// Workgroups of a section: x and y count row tiles, z parts, units and batch entries.
  func grid(_ section: ListSection, tiles: Int) throws(TesseraError) -> GridSize {
    let x = max(1, min(tiles, capabilities.maxGroupCount[0]))
    let z = tiling.box.parts * units(section).count * section.batches.count
    let grid = GridSize(x, max(1, tiles / x + (tiles % x == 0 ? 0 : 1)), z)
    for (axis, value) in [(1, grid.y), (2, grid.z)] where value > capabilities.maxGroupCount[axis] {
      throw .overLimit(
        "workgroups of attention over lists", requested: value,
        limit: capabilities.maxGroupCount[axis], device: capabilities.name)
    }
    return grid
  }

  /// The units of a section's KV heads.
  func units(_ section: ListSection) -> Range<Int> {
    let each = tiling.pass.rowsAreKeys ? 1 : problem.unitsPerKVHead
    return section.kvHeads.lowerBound * each..<section.kvHeads.upperBound * each
  }

  /// Which column tiles each dispatch takes, so that no invocation makes more loop iterations than the
  /// driver lets it.
  func tileRanges(_ splits: Int) throws(TesseraError) -> [Range<Int>] {
    let most = max(1, (tiling.columnTiles(problem) + splits - 1) / splits)
    guard let limit = capabilities.maxLoopIterations else { return [0..<most] }
    let lists = tiling.pass.rowsAreKeys ? problem.group : 32
    let outside =
      tiling.box.iterationsOutside(rings: false) + lists + (problem.sequences ?? -1) + 1
    let together = (limit - limit / 16 - outside) / (tiling.box.iterationsPerTile + 1)
    guard together > 0 else {
      throw .overLimit(
        "loop iterations of one tile", requested: outside + tiling.box.iterationsPerTile,
        limit: limit - limit / 16, device: capabilities.name)
    }
    return stride(from: 0, to: most, by: together).map { $0..<min($0 + together, most) }
  }

  /// Bytes of the state that is carried from one dispatch to the next; 0 if none is.
  private func stateBytes(_ grid: GridSize, _ ranges: [Range<Int>]) -> Int {
    ranges.count > 1 ? grid.count * tiling.box.stateWords * tiling.box.threads * 4 : 0
  }

  func constants(
    _ section: ListSection, _ lists: PreparedLists?, tiles: Range<Int>, splits: Int, flags: Int,
    rows: Range<Int> = 0..<0, units: Range<Int>? = nil, batches: Range<Int>? = nil
  ) -> [UInt8] {
    let units = units ?? self.units(section)
    let batches = batches ?? section.batches
    let vectors =
      tiling.pass.rowsAreKeys ? problem.keys * problem.kvHeads : problem.queries * problem.heads
    let reach = problem.left != nil
    var all = flags
    all |= problem.topLeft ? BoxPlanner.flagTopLeft : 0
    all |= problem.causal ? 8 : 0
    all |= reach ? 16 : 0
    all |= problem.sinks && tiling.pass == .forward ? 32 : 0
    all |= problem.listed ? 64 : 0
    var block = ConstantBlock()
    for value in [
      problem.queries, problem.keys, problem.heads, problem.kvHeads, problem.listHeads,
      problem.listRows, problem.listWidth, problem.blocks, problem.queryBlock, problem.keyBlock,
      problem.left ?? 0, problem.right ?? 0,
    ] { block.append(value) }
    block.append(problem.scale)
    block.append(problem.softCap ?? 0)
    for value in [
      problem.sequences ?? 0, tiling.rowTiles(problem), tiles.lowerBound, tiles.upperBound, splits,
      vectors * problem.batch, all, problem.pages?.size ?? 1,
      problem.pages?.tableWidth ?? 0, problem.pages?.count ?? 0, rows.lowerBound, rows.count,
      batches.lowerBound - section.bound.lowerBound, units.lowerBound, units.count,
      (lists?.first ?? 0) - section.bound.lowerBound * problem.listHeads,
    ] { block.append(value) }
    return block.bytes
  }

  private func note(_ plan: inout Plan, _ ranges: Int, _ splits: Int) {
    let name =
      switch tiling.pass {
      case .forward: "forward"
      case .queryGradient: "gradient of q"
      case .keyGradient: "gradients of k and v"
      }
    let (rows, columns) = tiling.pass.rowsAreKeys ? ("key", "query") : ("query", "key")
    let first =
      "\(name): tiles of \(tiling.box.tileR) \(rows) rows and \(tiling.box.tileC) \(columns) columns"
    guard !plan.notes.contains(first) else { return }
    plan.notes.append(first)
    if ranges > 1 {
      plan.notes.append("\(columns) tiles in \(ranges) dispatches, for the driver's loop limit")
    }
    if splits > 1 {
      plan.notes.append(
        "\(columns) tiles split over \(splits) workgroups each, as there are few \(rows) tiles")
    }
  }
}

extension PreparedLists {
  /// What a kernel binds to a slot; nil if it is not of the lists.
  func argument(
    _ role: ListPass.Role, _ problem: ListProblem, _ tiling: ListTiling
  ) -> Plan.Argument? {
    guard problem.listed else { return nil }
    switch role {
    case .entries:
      let transposed = tiling.keyMajor || tiling.pass.rowsAreKeys
      guard let source = transposed ? rows : entries else { return nil }
      return Plan.Argument(source, byteCount: entryBytes(problem))
    case .lengths: return Plan.Argument(lengths, byteCount: lengthBytes(problem))
    case .offsets: return offsets.map { Plan.Argument($0, byteCount: offsetBytes(problem)) }
    default: return nil
    }
  }
}
