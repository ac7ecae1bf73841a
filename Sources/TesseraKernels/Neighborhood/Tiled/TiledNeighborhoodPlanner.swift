package import TesseraCore
package import TesseraHAL

/// Plans neighborhood attention with the portable kernel `na_tiled` for OpenCL and Vulkan.
package enum TiledNeighborhoodPlanner {
  private static let (flagContinue, flagSuspend) = (1, 2)

  /// Plans `problem`, whose axes are all longer than 0, with `tiling` or the best there is.
  package static func plan(
    _ problem: NeighborhoodProblem, _ capabilities: Capabilities,
    tiling given: NeighborhoodTiling? = nil
  ) throws(TesseraError) -> Plan {
    let geometry = try NeighborhoodGeometry(problem)
    let tiling: NeighborhoodTiling
    if let given {
      tiling = given
    } else {
      tiling = try NeighborhoodTiling.best(problem, geometry, capabilities)
    }
    let perAxis = zip(geometry.axes, zip(tiling.tile, tiling.keyTile)).map {
      NeighborhoodGeometry.tiles($0, tile: $1.0, keyTile: $1.1)
    }
    let extraTiles = (problem.extraKeys + tiling.tileK - 1) / tiling.tileK
    let keyTiles = perAxis.reduce(1) { $0 * $1.most } + extraTiles

    var plan = try Plan(problem, schedule: "tiled", tile: [tiling.tileQ, tiling.tileK])
    plan.tileShape = TileShape(
      queryTile: tiling.tile, keyTile: tiling.keyTile, keyPlaces: tiling.tileK)
    plan.kernels = [
      KernelSpec(
        NeighborhoodKernels.tiledName,
        tiling.parameters + [
          .init("Q_DTYPE", problem.dtype.kernelCode),
          .init("O_DTYPE", problem.outputDType.kernelCode),
        ])
    ]
    let ranges = try keyTileRanges(keyTiles, tiling, capabilities)
    let grid = try grid(problem, geometry, tiling, capabilities)
    let batches = try batchRanges(problem, tiling, grid, carries: ranges.count > 1, capabilities)
    try record(&plan, problem, geometry, tiling, perAxis, grid, batches, ranges)
    count(&plan, problem, geometry, tiling, perAxis)
    plan.notes.append(
      "query box \(tiling.tile), key box \(tiling.keyTile), at most \(keyTiles) key tiles")
    if ranges.count > 1 {
      plan.notes.append("key tiles in \(ranges.count) dispatches, for the driver's loop limit")
    }
    if batches.count > 1 {
      plan.notes.append("batch in \(batches.count) parts, for the device's binding range")
    }
    return plan
  }

  /// Which key tiles each dispatch takes, so that no invocation makes more loop iterations than the
  /// driver lets it.
  private static func keyTileRanges(
    _ keyTiles: Int, _ tiling: NeighborhoodTiling, _ capabilities: Capabilities
  ) throws(TesseraError) -> [Range<Int>] {
    guard let limit = capabilities.maxLoopIterations else { return [0..<keyTiles] }
    let most = (limit - limit / 16 - tiling.iterationsOutside) / tiling.iterationsPerTile
    guard most > 0 else {
      throw .overLimit(
        "loop iterations of one key tile", requested: tiling.iterationsPerTile, limit: limit,
        device: capabilities.name)
    }
    return stride(from: 0, to: keyTiles, by: most).map { $0..<min($0 + most, keyTiles) }
  }

  /// Workgroups of one batch entry: x and y count query tiles, z heads and value splits.
  private static func grid(
    _ problem: NeighborhoodProblem, _ geometry: NeighborhoodGeometry, _ tiling: NeighborhoodTiling,
    _ capabilities: Capabilities
  ) throws(TesseraError) -> GridSize {
    let tiles = zip(geometry.longest, tiling.tile).reduce(geometry.groups) {
      $0 * (($1.0 + $1.1 - 1) / $1.1)
    }
    let x = min(tiles, capabilities.maxGroupCount[0])
    let grid = GridSize(x, (tiles + x - 1) / x, problem.heads * tiling.valueSplits)
    for (axis, value) in [(1, grid.y), (2, grid.z)] where value > capabilities.maxGroupCount[axis] {
      throw .overLimit(
        "workgroups of neighborhood attention", requested: value,
        limit: capabilities.maxGroupCount[axis], device: capabilities.name)
    }
    return grid
  }

  /// Words of carried state of one batch entry.
  private static func stateBytes(_ tiling: NeighborhoodTiling, _ grid: GridSize) -> Int {
    grid.count * tiling.blockQ * (tiling.blockV + 2) * tiling.threads * 4
  }

  /// Batch entries of each dispatch, so that every range can be bound and counted.
  private static func batchRanges(
    _ problem: NeighborhoodProblem, _ tiling: NeighborhoodTiling, _ grid: GridSize, carries: Bool,
    _ capabilities: Capabilities
  ) throws(TesseraError) -> [Range<Int>] {
    var most = capabilities.maxGroupCount[2] / grid.z
    var step = 1
    var widest = (name: "lse", bytes: 0)
    for operand in Plan.NeighborhoodOperand.plain {
      let bytes = try problem.byteCount(of: operand)
      guard bytes > 0 else { continue }
      if bytes > widest.bytes { widest = ("\(operand)", bytes) }
      // The kernels index elements with 31 bits.
      let element =
        operand == .lse
        ? 4 : operand == .o ? problem.outputDType.byteCount : problem.dtype.byteCount
      most = min(most, min(capabilities.maxBindingRange, Int(Int32.max) * element) / bytes)
      step = leastCommonMultiple(
        step, leastCommonMultiple(bytes, max(capabilities.bindingAlignment, 4)) / bytes)
    }
    if carries {
      let bytes = stateBytes(tiling, grid)
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

  private static func leastCommonMultiple(_ a: Int, _ b: Int) -> Int {
    var (x, y) = (a, b)
    while y != 0 { (x, y) = (y, x % y) }
    return a / x * b
  }

  private static func record(
    _ plan: inout Plan, _ problem: NeighborhoodProblem, _ geometry: NeighborhoodGeometry,
    _ tiling: NeighborhoodTiling, _ perAxis: [AxisTiles], _ grid: GridSize,
    _ batches: [Range<Int>], _ ranges: [Range<Int>]
  ) throws(TesseraError) {
    let bits = try coordinateBits(geometry, perAxis)
    let carries = ranges.count > 1
    let perEntry = stateBytes(tiling, grid)
    if carries { plan.scratch.append(perEntry * (batches.map(\.count).max() ?? 0)) }
    for batch in batches {
      var arguments = try plan.neighborhoodArguments(problem, batches: batch)
      arguments.append(
        carries
          ? .init(.scratch(0), byteCount: perEntry * batch.count) : plan.unusedScratch())
      for range in ranges {
        let flags =
          (range.lowerBound > 0 ? flagContinue : 0)
          | (range.upperBound < ranges[ranges.count - 1].upperBound ? flagSuspend : 0)
        var constants = ConstantBlock()
        for axis in geometry.axes { constants.append(axis.length) }
        for axis in geometry.axes { constants.append(axis.window) }
        for axis in geometry.axes { constants.append(axis.stride) }
        for axis in geometry.axes { constants.append(axis.dilation) }
        constants.append(
          geometry.axes.enumerated().reduce(0) { $0 | ($1.element.causal ? 1 << $1.offset : 0) })
        constants.append(problem.heads)
        constants.append(problem.group)
        constants.append(problem.extraKeys)
        constants.append(problem.scale)
        let tiles = zip(geometry.longest, tiling.tile).map { ($0 + $1 - 1) / $1 }
        for value in tiling.tile + tiles + tiling.keyTile { constants.append(value) }
        for value in [range.lowerBound, range.upperBound, flags, bits] { constants.append(value) }
        plan.dispatches.append(
          .init(
            kernel: 0, grid: GridSize(grid.x, grid.y, grid.z * batch.count),
            constants: constants.bytes, arguments: arguments))
      }
    }
  }

  /// Widths of the packed key coordinates, 8 bits each, the last axis lowest. Each field and its guard
  /// bit together make at most 32 bits.
  private static func coordinateBits(
    _ geometry: NeighborhoodGeometry, _ perAxis: [AxisTiles]
  ) throws(TesseraError) -> Int {
    var (packed, sum) = (0, 0)
    for (index, tiles) in perAxis.enumerated() {
      // An axis of one token needs no field, except the last, where places without a key are marked.
      let width =
        index < 2 && geometry.axes[index].length == 1
        ? 0 : Int.bitWidth - tiles.extent.leadingZeroBitCount
      packed = packed << 8 | width
      sum += width + 1
    }
    guard sum <= 32 else {
      throw .overLimit(
        "keys of one query tile along the axes", requested: "\(perAxis.map(\.extent))",
        limit: "29 bits together")
    }
    return packed
  }

  private static func count(
    _ plan: inout Plan, _ problem: NeighborhoodProblem, _ geometry: NeighborhoodGeometry,
    _ tiling: NeighborhoodTiling, _ perAxis: [AxisTiles]
  ) {
    let repeats = problem.heads * problem.batch
    var counts = NeighborhoodGeometry.counts(perAxis, repeats: repeats)
    if tiling.keyTile.reduce(1, *) != tiling.tileK {
      // A key tile with empty places is masked wherever it lies.
      counts.partial += counts.full
      counts.full = 0
    }
    let queryTiles = perAxis.reduce(repeats) { $0 * $1.tiles }
    let whole = problem.extraKeys / tiling.tileK
    counts.full += queryTiles * whole
    counts.partial += problem.extraKeys % tiling.tileK == 0 ? 0 : queryTiles
    plan.tiles = counts
    plan.flopsNeeded = problem.flops(geometry)
    plan.flopsDone =
      Double(counts.full + counts.partial) * Double(tiling.tileQ * tiling.tileK)
      * 2 * Double(tiling.valueSplits * (tiling.paddedHeadDim + tiling.tileV))
  }
}
