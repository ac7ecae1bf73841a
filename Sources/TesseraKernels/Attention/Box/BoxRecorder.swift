import TesseraCore
import TesseraHAL

/// Turns one pass of one problem into dispatches.
struct BoxRecorder {
  let problem: BoxProblem
  let operands: BoxOperands
  let tiling: BoxTiling
  let capabilities: Capabilities
  /// What the tiles meet along each axis.
  let perAxis: [AxisTiles]
  /// The most column tiles of one workgroup.
  let most: Int

  init(
    _ problem: BoxProblem, _ operands: BoxOperands, _ tiling: BoxTiling,
    _ capabilities: Capabilities
  ) throws(TesseraError) {
    self.problem = problem
    self.operands = operands
    self.tiling = tiling
    self.capabilities = capabilities
    for (name, tokens) in [("queries", problem.queryTokens), ("keys", problem.keyTokens)]
    where tokens >= Int(Int32.max) {
      throw .overLimit(name, requested: tokens, limit: Int32.max)
    }
    let rowsAreKeys = tiling.pass.rowsAreKeys
    perAxis = problem.axes.indices.map { a in
      problem.axes[a].tiles(
        side: tiling.rowTile[a], columnSide: tiling.columnTile[a], rowsAreKeys: rowsAreKeys)
    }
    let bits = perAxis.reduce(0) { $0 + Int.bitWidth - $1.extent.leadingZeroBitCount + 1 }
    guard bits <= 31 else {
      throw .overLimit(
        "columns of one tile along the axes", requested: "\(perAxis.map(\.extent))",
        limit: "28 bits together")
    }
    if problem.sequences != nil {
      // All tokens may be in one sequence.
      let columns = rowsAreKeys ? problem.queryTokens : problem.keyTokens
      most = (columns + tiling.columnTile[2] - 1) / tiling.columnTile[2] * (rowsAreKeys ? problem.group : 1)
    } else {
      let box = perAxis.reduce(1) { $0 * $1.most }
      let extra = (problem.extraKeys + tiling.tileC - 1) / tiling.tileC
      most = rowsAreKeys ? box * problem.group : box + extra
    }
  }

  func record(to plan: inout Plan) throws(TesseraError) {
    let maps = addMaps(to: &plan)
    let kernel = plan.kernels.count
    let grid = try grid()
    let splits = splits(grid)
    plan.kernels.append(KernelSpec(tiling.kernel, parameters(partial: splits > 1)))
    if tiling.hopper != nil { plan.tier = TensorTier.hopper.rawValue }
    let ranges = try tileRanges(splits)
    let batches = try batchRanges(grid, splits, carries: ranges.count > 1)
    var state = plan.unusedScratch()
    if ranges.count > 1 {
      plan.scratch[plan.scratch.count - 1] = stateBytes(grid, splits) * batches[0].count
      state.byteCount = stateBytes(grid, splits) * batches[0].count
    }
    if let maps { state = maps.argument }
    var partial: [BoxPass.Role: Plan.Source] = [:]
    if splits > 1 {
      for role in tiling.pass.results {
        if let bytes = partialBytes(role) { partial[role] = plan.addScratch(splits * bytes) }
      }
    }
    for batch in batches {
      var arguments: [Plan.Argument] = []
      for role in tiling.pass.roles {
        if role == .state {
          arguments.append(state)
        } else if let source = partial[role], let bytes = partialBytes(role) {
          arguments.append(.init(source, byteCount: splits * bytes))
        } else if let tensor = operands[role] {
          let first = tensor.shared ? 0 : batch.lowerBound
          arguments.append(
            .init(
              tensor.source, offset: tensor.bytes * first,
              byteCount: tensor.bytes * (tensor.shared ? 1 : batch.count)))
        } else {
          // No two slots may share memory that is written.
          arguments.append(
            tiling.pass.writes(role) ? plan.unusedScratch() : .init(.none, byteCount: 0))
        }
      }
      if let maps {
        plan.dispatches.append(mapsDispatch(maps, batch, constants(0..<0, 1, 0)))
      }
      for (index, range) in ranges.enumerated() {
        let flags =
          (index > 0 ? BoxPlanner.flagContinue : 0)
          | (index < ranges.count - 1 ? BoxPlanner.flagSuspend : 0)
          | (problem.topLeft ? BoxPlanner.flagTopLeft : 0)
          | (problem.axes[2].coarse?.queriesPerKey ?? 0) << BoxPlanner.coarseShift
        plan.dispatches.append(
          .init(
            kernel: kernel, grid: GridSize(grid.x, grid.y, grid.z * splits * batch.count),
            constants: constants(range, splits, flags), arguments: arguments))
      }
    }
    try join(partial, splits, to: &plan)
    count(&plan)
    if tiling.pass.rowsAreKeys {
      // The first key gradient is that of the tensor K; additional keys come after it.
      plan.inverseTileShape = plan.inverseTileShape ?? TileShape(
        queryTile: tiling.columnTile, keyTile: tiling.rowTile, queryPlaces: tiling.tileC)
    } else {
      plan.tileShape = TileShape(
        queryTile: tiling.rowTile, keyTile: tiling.columnTile, keyPlaces: tiling.tileC)
    }
    if plan.tile.isEmpty { plan.tile = [tiling.tileR, tiling.tileC] }
    note(&plan, ranges.count, batches.count, splits)
  }

  /// The parameters as the kernel names them, for OpenCL's `-D` and Vulkan's specialization.
  private func parameters(partial: Bool) -> [KernelSpec.Parameter] {
    let extra = !tiling.pass.rowsAreKeys && problem.extraKeys > 0
    // An axis of one token is a band as well as anything else.
    let dense = problem.axes[2].kind == .band
    let own: [KernelSpec.Parameter] =
      tiling.hopper?.parameters ?? [
        .init("WORK_R", tiling.workR), .init("WORK_C", tiling.workC), .init("BLOCK_R", tiling.blockR),
        .init("BLOCK_C", tiling.blockC), .init("BLOCK_V", tiling.blockV),
        .init("BLOCK_D", tiling.blockD), .init("STEP_D", tiling.stepD),
        .init("STEP_C", tiling.stepC), .init("RESIDENT", tiling.resident ? 1 : 0),
        .init("STAGE", tiling.stageSize), .init("LANES", tiling.lanes),
        .init("PARTS", tiling.parts), .init("GRAIN", tiling.grain), .init("WIDTH", tiling.width),
        .init("GRADIENT_DTYPE", partial ? 0 : problem.dtype.kernelCode),
      ]
    return own + [
      .init("HEAD_DIM", problem.headDim), .init("VALUE_DIM", problem.valueDim),
      .init("SCORE_BIAS", problem.scoreBias.rawValue),
      .init("SOFT_CAP", problem.softCap == nil ? 0 : 1), .init("KEY_MASK", problem.keyMask ? 1 : 0),
      .init("EXTRA_KEYS", extra ? 1 : 0), .init("PACKED", problem.sequences == nil ? 0 : 1),
      .init("RINGS", problem.axes.contains { $0.kind == .ring } ? 1 : 0),
      .init("GRIDS", dense || problem.axes.allSatisfy { $0.keys == $0.queries } ? 0 : 1),
      .init("DENSE", dense ? 1 : 0), .init("Q_DTYPE", problem.dtype.kernelCode),
      .init("O_DTYPE", partial && tiling.pass == .forward ? 0 : problem.outputDType.kernelCode),
    ]
  }

  /// Which column tiles each dispatch takes, so that no invocation makes more loop iterations than the
  /// driver lets it.
  private func tileRanges(_ splits: Int) throws(TesseraError) -> [Range<Int>] {
    let most = (most + splits - 1) / splits
    guard let limit = capabilities.maxLoopIterations else { return [0..<max(most, 1)] }
    let offsets = problem.axes.reduce(0) { $0 + ($1.keys > $1.queries ? 40 + $1.dilation : 0) }
    let outside =
      tiling.iterationsOutside(rings: problem.axes.contains { $0.kind == .ring }) + offsets
      + (problem.sequences ?? -1) + 1
    let together = (limit - limit / 16 - outside) / tiling.iterationsPerTile
    guard together > 0 else {
      throw .overLimit(
        "loop iterations of one tile", requested: outside + tiling.iterationsPerTile,
        limit: limit - limit / 16, device: capabilities.name)
    }
    return stride(from: 0, to: max(most, 1), by: together).map {
      $0..<min($0 + together, max(most, 1))
    }
  }

  /// Row tiles along each axis of the longest dilation group; of a packed batch as many as there can be.
  private var rowTiles: [Int] {
    var tiles = problem.axes.indices.map { a in
      let longest = problem.axes[a].longest(rowsAreKeys: tiling.pass.rowsAreKeys)
      return (longest + tiling.rowTile[a] - 1) / tiling.rowTile[a]
    }
    if let sequences = problem.sequences { tiles[2] += sequences + 1 }
    return tiles
  }

  /// Workgroups of one batch entry: x and y count row tiles, z heads and parts.
  private func grid() throws(TesseraError) -> GridSize {
    var tiles = problem.groups
    for count in rowTiles {
      let (product, overflow) = tiles.multipliedReportingOverflow(by: count)
      tiles = overflow ? Int.max : product
    }
    let x = min(tiles, capabilities.maxGroupCount[0])
    let heads = tiling.pass.rowsAreKeys ? problem.kvHeads : problem.heads
    let grid = GridSize(x, tiles / x + (tiles % x == 0 ? 0 : 1), heads * tiling.parts)
    for (axis, value) in [(1, grid.y), (2, grid.z)] where value > capabilities.maxGroupCount[axis] {
      throw .overLimit(
        "workgroups of attention", requested: value, limit: capabilities.maxGroupCount[axis],
        device: capabilities.name)
    }
    return grid
  }

  /// Bytes of carried state of one batch entry.
  private func stateBytes(_ grid: GridSize, _ splits: Int) -> Int {
    grid.count * splits * tiling.stateWords * tiling.threads * 4
  }

  /// Batch entries of each dispatch, so that every range can be bound and counted.
  private func batchRanges(
    _ grid: GridSize, _ splits: Int, carries: Bool
  ) throws(TesseraError) -> [Range<Int>] {
    var most = capabilities.maxGroupCount[2] / (grid.z * splits)
    var step = 1
    var widest = (name: "lse", bytes: 0)
    for role in tiling.pass.roles {
      guard let tensor = operands[role], !tensor.shared else { continue }
      if tensor.bytes > widest.bytes { widest = ("\(role)", tensor.bytes) }
      // The kernels index elements with 31 bits.
      most = min(
        most,
        min(capabilities.maxBindingRange, Int(Int32.max) * tensor.elementBytes) / tensor.bytes)
      step = leastCommonMultiple(
        step,
        leastCommonMultiple(tensor.bytes, max(capabilities.bindingAlignment, 4)) / tensor.bytes)
    }
    if carries {
      let bytes = stateBytes(grid, splits)
      if bytes > widest.bytes { widest = ("carried state", bytes) }
      most = min(most, min(capabilities.maxBindingRange, Int(Int32.max)) / bytes)
    }
    if most >= problem.batch { return [0..<problem.batch] }
    // Parts start where every operand is aligned.
    let part = most / step * step
    guard part > 0 else {
      throw .overLimit(
        "bytes of \(widest.name) for \(step) batch entries", requested: step * widest.bytes,
        limit: capabilities.maxBindingRange, device: capabilities.name)
    }
    return stride(from: 0, to: problem.batch, by: part).map { $0..<min($0 + part, problem.batch) }
  }

  private func leastCommonMultiple(_ a: Int, _ b: Int) -> Int {
    var (x, y) = (a, b)
    while y != 0 { (x, y) = (y, x % y) }
    return a / x * b
  }

  private func constants(_ range: Range<Int>, _ splits: Int, _ flags: Int) -> [UInt8] {
    func packed(_ box: [Int]) -> Int { box[0] << 20 | box[1] << 10 | box[2] }
    var constants = ConstantBlock()
    for axis in problem.axes { constants.append(axis.keys) }
    for axis in problem.axes { constants.append(axis.queries) }
    for axis in problem.axes { constants.append(axis.window) }
    for axis in problem.axes { constants.append(axis.stride) }
    for axis in problem.axes { constants.append(axis.dilation) }
    constants.append(problem.axes.reduce(0) { $0 << 8 | Int($1.kind.rawValue) })
    for value in [problem.heads, problem.kvHeads, problem.extraKeys, problem.sequences ?? 0] {
      constants.append(value)
    }
    constants.append(problem.scale)
    constants.append(problem.softCap ?? 0)
    constants.append(packed(tiling.rowTile))
    constants.append(packed(tiling.columnTile))
    let numbers = [
      range.lowerBound, range.upperBound, splits, flags, problem.axes[2].coarse?.first ?? 0,
    ]
    for value in rowTiles + numbers { constants.append(value) }
    return constants.bytes
  }

  private func count(_ plan: inout Plan) {
    let heads = tiling.pass.rowsAreKeys ? problem.kvHeads : problem.heads
    let repeats = Double(heads * problem.batch)
    let grouped = tiling.pass.rowsAreKeys ? Double(problem.group) : 1
    var axes = perAxis
    var sequences = 1.0
    if let count = problem.sequences, count > 0 {
      // As if all sequences were equally long.
      var one = problem.axes[2]
      (one.keys, one.queries) = (one.keys / count, one.queries / count)
      axes[2] = one.tiles(
        side: tiling.rowTile[2], columnSide: tiling.columnTile[2],
        rowsAreKeys: tiling.pass.rowsAreKeys)
      sequences = Double(count)
    }
    func product(_ value: (AxisTiles) -> Int) -> Double {
      axes.reduce(repeats * grouped * sequences) { $0 * Double(value($1)) }
    }
    let rowTiles = product(\.tiles) / grouped
    let visited = product(\.visited)
    let dense = axes.reduce(product(\.tiles)) { $0 * Double($1.columnTiles) }
    var full =
      tiling.columnTile.reduce(1, *) == tiling.tileC && !problem.keyMask ? product(\.full) : 0
    var extra = 0.0
    if !tiling.pass.rowsAreKeys {
      full += rowTiles * Double(problem.extraKeys / tiling.tileC)
      extra = rowTiles * Double((problem.extraKeys + tiling.tileC - 1) / tiling.tileC)
    }
    func integer(_ x: Double) -> Int { x < Double(Int.max) ? Int(x) : Int.max }
    var counts = plan.tiles ?? Plan.TileCounts(full: 0, partial: 0, skipped: 0)
    counts.full += integer(full)
    counts.partial += integer(visited + extra - full)
    counts.skipped += integer(max(dense - visited, 0))
    plan.tiles = counts
    plan.flopsDone +=
      2 * (visited + extra) * Double(tiling.tileR * tiling.tileC) * Double(tiling.productsPerPair)
  }

  private func note(_ plan: inout Plan, _ ranges: Int, _ batches: Int, _ splits: Int) {
    let name =
      switch tiling.pass {
      case .forward: "forward"
      case .queryGradient: "gradient of q"
      case .keyGradient: "gradients of k and v"
      }
    let (rows, columns) = tiling.pass.rowsAreKeys ? ("key", "query") : ("query", "key")
    plan.notes.append(
      "\(name): \(rows) box \(tiling.rowTile), \(columns) box \(tiling.columnTile), at most \(most) \(columns) tiles"
    )
    if ranges > 1 {
      plan.notes.append("\(columns) tiles in \(ranges) dispatches, for the driver's loop limit")
    }
    if splits > 1 {
      plan.notes.append("\(columns) tiles split over \(splits) workgroups each, as there are few \(rows) tiles")
    }
    if batches > 1 {
      plan.notes.append("batch in \(batches) parts, for the device's binding range")
    }
  }
}
