import CTesseraSIMD
package import TesseraCore
package import TesseraHAL

/// Plans neighborhood attention for the CPU back-end: one workgroup per tile of queries.
package enum CPUNeighborhoodPlanner {
  /// Queries and keys of a register block in `neighborhood_block.h`.
  private static let (blockQ, lanes) = (4, 8)

  /// Plans `problem`, whose axes are all longer than 0.
  package static func plan(
    _ problem: NeighborhoodProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    let geometry = try NeighborhoodGeometry(problem)
    let tile = tile(problem, geometry, capabilities)
    let constants = constants(problem, geometry, tile)
    let parts = (problem.group + Int(constants.together) - 1) / Int(constants.together)
    let tiles = zip(geometry.longest, tile).map { ($0 + $1 - 1) / $1 }
    let factors = [problem.batch, problem.kvHeads, parts, geometry.groups] + tiles
    var workgroups = 1
    for factor in factors {
      let (product, overflow) = workgroups.multipliedReportingOverflow(by: factor)
      guard !overflow, product <= capabilities.maxGroupCount[0] else {
        throw .overLimit(
          "workgroups of neighborhood attention",
          requested: factors.map(String.init).joined(separator: "·"),
          limit: capabilities.maxGroupCount[0], device: capabilities.name)
      }
      workgroups = product
    }
    var plan = try Plan(problem, schedule: "cpu", tile: tile)
    let localBytes = withUnsafePointer(to: constants) { tessera_na_local_floats($0) } * 4
    guard localBytes <= capabilities.localMemoryBytes else {
      throw .overLimit(
        "local memory for head dimensions \(problem.headDim) and \(problem.valueDim)",
        requested: localBytes, limit: capabilities.localMemoryBytes, device: capabilities.name)
    }
    plan.kernels = [KernelSpec(NeighborhoodKernels.cpuName, [.init("LOCAL_BYTES", localBytes)])]
    plan.dispatches = [
      .init(
        kernel: 0, grid: GridSize(workgroups),
        constants: withUnsafeBytes(of: constants) { Array($0) },
        arguments: try plan.neighborhoodArguments(problem, batches: 0..<problem.batch))
    ]
    plan.tileShape = TileShape(queryTile: [1, 1, blockQ], keyTile: [1, 1, lanes])
    let perAxis = zip(geometry.axes, [(1, 1), (1, 1), (blockQ, lanes)]).map {
      NeighborhoodGeometry.tiles($0, tile: $1.0, keyTile: $1.1)
    }
    let repeats = problem.heads * problem.batch
    var counts = NeighborhoodGeometry.counts(perAxis, repeats: repeats)
    let extra = (problem.extraKeys + lanes - 1) / lanes
    let blocks = perAxis.reduce(repeats) { $0 * $1.tiles }
    counts.full += blocks * (problem.extraKeys / lanes)
    counts.partial += blocks * (extra - problem.extraKeys / lanes)
    plan.tiles = counts
    plan.flopsNeeded = problem.flops(geometry)
    plan.flopsDone =
      Double(counts.full + counts.partial) * Double(blockQ * lanes) * Plan.flopsPerPair(problem)
    plan.notes = [
      "register blocks of \(blockQ) queries × \(lanes) keys are what is counted as tiles"
    ]
    return plan
  }

  /// The box of queries whose key box is smallest per query: what is gathered is what it costs more
  /// than the arithmetic itself.
  private static func tile(
    _ problem: NeighborhoodProblem, _ geometry: NeighborhoodGeometry, _ capabilities: Capabilities
  ) -> [Int] {
    let longest = geometry.longest
    let keys = problem.tokens * problem.heads * problem.batch
    // Enough workgroups that none waits long for the last.
    let wanted = max(1, keys / (8 * max(capabilities.computeUnits, 1)))
    let mostQueries = max(blockQ, min(256, wanted))
    func choices(_ n: Int, from smallest: Int) -> [Int] {
      [1, 2, 4, 8, 16, 32, 64, 128, 256].filter { $0 >= smallest && ($0 < 2 * n || $0 == smallest) }
    }
    var best: (tile: [Int], cost: Double) = ([1, 1, blockQ], .infinity)
    for t0 in choices(longest[0], from: 1) {
      for t1 in choices(longest[1], from: 1) where t0 * t1 * blockQ <= mostQueries {
        for t2 in choices(longest[2], from: blockQ) where t0 * t1 * t2 <= mostQueries {
          var cost = 1.0
          for (axis, (n, t)) in zip(geometry.axes, zip(longest, [t0, t1, t2])) {
            let box = min((t - 1) / axis.stride * axis.stride + axis.window, n)
            let tiles = (n + t - 1) / t
            cost *= Double(tiles * box) / Double(n)
          }
          if cost < best.cost { best = ([t0, t1, t2], cost) }
        }
      }
    }
    return best.tile
  }

  private static func constants(
    _ problem: NeighborhoodProblem, _ geometry: NeighborhoodGeometry, _ tile: [Int]
  ) -> tessera_na_constants {
    var c = tessera_na_constants()
    func triple(_ value: (Int) -> Int) -> (Int32, Int32, Int32) {
      (Int32(value(0)), Int32(value(1)), Int32(value(2)))
    }
    let axes = geometry.axes
    c.length = triple { axes[$0].length }
    c.window = triple { axes[$0].window }
    c.stride = triple { axes[$0].stride }
    c.dilation = triple { axes[$0].dilation }
    c.causal = triple { axes[$0].causal ? 1 : 0 }
    c.heads = Int32(problem.heads)
    c.kv_heads = Int32(problem.kvHeads)
    c.head_dim = Int32(problem.headDim)
    c.value_dim = Int32(problem.valueDim)
    c.extra_keys = Int32(problem.extraKeys)
    c.dtype = Int32(problem.dtype.kernelCode)
    c.output_dtype = Int32(problem.outputDType.kernelCode)
    c.scale = problem.scale
    c.tile = triple { tile[$0] }
    c.tiles = triple { (geometry.longest[$0] + tile[$0] - 1) / tile[$0] }
    // A chunk's keys or values stay in the first-level cache while the blocks run over them.
    let widest = max(problem.headDim, problem.valueDim, 1)
    let wanted = min(max(10_240 / widest, 32), 512)
    let extents = zip(axes, tile).map {
      NeighborhoodGeometry.tiles($0, tile: $1, keyTile: 1).extent
    }
    let (row, rows) = (extents[2], extents[0] * extents[1])
    let chunk = row < wanted ? min(wanted / row, rows) * row : wanted
    c.chunk = Int32(max(chunk, min(problem.extraKeys, wanted)))
    let perHead = tile.reduce(1, *) * max(problem.valueDim, 1)
    c.together = Int32(max(1, min(problem.group, 65_536 / perHead)))
    return c
  }
}
