import CTesseraSIMD
package import TesseraCore
package import TesseraHAL

/// Plans caches with pruned elements.
package enum PrunedPlanner {
  /// Operands: 0 = x, 1 = bitmaps, 2 = offsets, 3 = values; with `unpacking` 0 = bitmaps, 1 = offsets,
  /// 2 = values, 3 = x.
  /// - Throws: `overLimit` if the problem exceeds the device's limits.
  package static func plan(
    _ problem: PruningProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    var plan = Plan(
      operation: problem.unpacking ? "unprune" : "prune",
      schedule: problem.format.tiles.rawValue, tile: [PruningFormat.block])
    let elements = try Shape(problem.dimensions).elementCount
    let sizes = try sizes(problem)
    plan.bytes = Double(elements * problem.dtype.byteCount + sizes.reduce(0, +))
    guard elements > 0 else {
      plan.schedule = "empty"
      return plan
    }
    try Plan.checkBindings(
      plan.operation,
      [
        ("x", elements, problem.dtype), ("bitmaps", sizes[0] / 8, .u64),
        ("values", sizes[2] / problem.dtype.byteCount, problem.dtype),
      ], capabilities)
    let kernel = plan.kernel(
      KernelSpec(
        problem.unpacking ? PrunedKernels.unpack : PrunedKernels.pack,
        [
          .init("X_DTYPE", problem.dtype.kernelCode),
          .init("KEY_TILES", problem.format.tiles == .keys ? 1 : 0),
          .init("HEAD_DIM", problem.headDim),
        ]))
    let host = capabilities.backend == .cpu
    var constants = ConstantBlock()
    let grid: GridSize
    if problem.unpacking {
      for value in [
        host ? problem.units : elements, problem.blocks, problem.heads, problem.capacity,
      ] { constants.append(value) }
      grid =
        host
        ? .host(problem.units, work: 128 * problem.headDim, capabilities)
        : try .linear(elements, plan.operation, capabilities)
    } else {
      try Plan.checkLoops("prune", 36 * problem.headDim + 1024, capabilities)
      for value in [
        problem.units, problem.blocks, problem.heads, problem.format.kept(of: problem.headDim),
        problem.capacity,
      ] { constants.append(value) }
      grid =
        host
        ? .host(problem.units, work: 4096 * problem.headDim, capabilities)
        : try .linear(64 * problem.units, plan.operation, capabilities)
    }
    let whole = Plan.Argument(
      .operand(problem.unpacking ? 3 : 0), byteCount: elements * problem.dtype.byteCount)
    let packed = sizes.enumerated().map { index, bytes in
      Plan.Argument(.operand(problem.unpacking ? index : index + 1), byteCount: bytes)
    }
    plan.dispatches.append(
      .init(
        kernel: kernel, grid: grid, constants: constants.bytes,
        arguments: problem.unpacking ? packed + [whole] : [whole] + packed))
    return plan
  }

  /// Bytes of bitmaps, offsets and values.
  static func sizes(_ problem: PruningProblem) throws(TesseraError) -> [Int] {
    [
      try Shape(problem.bitmapDimensions).byteCount(of: .u64),
      try Shape(problem.offsetDimensions).byteCount(of: .i32),
      try Shape(problem.valueDimensions).byteCount(of: problem.dtype),
    ]
  }

  /// Plans attention over a pruned cache. Operands: `Plan.PrunedOperand`.
  /// - Throws: `overLimit` if the problem exceeds the device's limits.
  package static func plan(
    _ problem: PrunedAttentionProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    var plan = Plan(operation: "pruned-decode", schedule: "blocks", tile: [])
    let rows = problem.batch * problem.heads
    guard rows > 0 else { return plan }
    let host = capabilities.backend == .cpu
    let most = host ? problem.group : 8
    let tileRows = host ? problem.group : [1, 2, 4, 8].first { $0 >= problem.group } ?? most
    let rowTiles = (problem.group + tileRows - 1) / tileRows
    let splits = try splits(problem, rowTiles: rowTiles, tileRows: tileRows, capabilities)
    let local =
      host
      ? tessera_pruned_local_bytes(
        Int32(problem.group), Int32(problem.headDim), Int32(problem.valueDim))
      : PrunedKernels.localBytes(headDim: problem.headDim, rows: tileRows)
    guard local <= capabilities.localMemoryBytes else {
      throw .overLimit(
        "local memory of pruned decoding", requested: local, limit: capabilities.localMemoryBytes,
        device: capabilities.name)
    }
    var parameters: [KernelSpec.Parameter] = [
      .init("Q_DTYPE", problem.dtype.kernelCode), .init("K_DTYPE", problem.keys.dtype.kernelCode),
      .init("V_DTYPE", problem.values.dtype.kernelCode),
      .init("O_DTYPE", splits > 1 ? 0 : problem.outputDType.kernelCode),
      .init("HEAD_DIM", problem.headDim), .init("VALUE_DIM", problem.valueDim),
      .init("ROWS", host ? 1 : tileRows),
    ]
    if host { parameters.append(.init("LOCAL_BYTES", local)) }
    var constants = ConstantBlock()
    for value in [
      problem.heads, problem.kvHeads, problem.blocks, problem.recent, rowTiles, splits, rows,
      problem.keys.capacity, problem.values.capacity,
    ] { constants.append(value) }
    constants.append(problem.scale)
    let output = splits > 1 ? DType.f32 : problem.outputDType
    let oBytes = try Shape([splits, rows, problem.valueDim]).byteCount(of: output)
    let lseBytes = 4 * splits * rows
    let wholes = (Plan.PrunedOperand.o.source, Plan.PrunedOperand.lse.source)
    let parts =
      splits > 1 ? (plan.addScratch(oBytes), plan.addScratch(lseBytes)) : wholes
    let arguments = try arguments(problem, capabilities)
    plan.dispatches.append(
      .init(
        kernel: plan.kernel(KernelSpec(PrunedKernels.decode, parameters)),
        grid: GridSize(splits, problem.kvHeads * rowTiles, problem.batch),
        constants: constants.bytes,
        arguments: arguments + [
          .init(parts.0, byteCount: oBytes), .init(parts.1, byteCount: lseBytes),
        ]))
    try SplitWork(capabilities: capabilities).joinForward(
      splits, rows: rows, valueDim: problem.valueDim, outputDType: problem.outputDType,
      parts: parts.0, partLSE: parts.1, o: wholes.0, lse: wholes.1, to: &plan)
    plan.tile = [tileRows, PruningFormat.block]
    if splits > 1 { plan.notes.append("blocks split over \(splits) workgroups each") }
    let tokens = Double(problem.keys.tokens + problem.recent)
    plan.flopsNeeded = 2 * Double(rows) * tokens * Double(problem.headDim + problem.valueDim)
    plan.flopsDone = plan.flopsNeeded
    plan.bytes = arguments.reduce(0) { $0 + Double($1.byteCount) }
    return plan
  }

  private static func arguments(
    _ problem: PrunedAttentionProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> [Plan.Argument] {
    let (keys, values) = (try sizes(problem.keys), try sizes(problem.values))
    let forms: [(Plan.PrunedOperand, Int, Int)] = [
      (.q, try Shape(problem.queryDimensions).byteCount(of: problem.dtype), problem.dtype.byteCount),
      (.keyBitmaps, keys[0], 8), (.keyOffsets, keys[1], 4),
      (.keys, keys[2], problem.keys.dtype.byteCount), (.valueBitmaps, values[0], 8),
      (.valueOffsets, values[1], 4), (.values, values[2], problem.values.dtype.byteCount),
      (
        .recentKeys, try Shape(problem.recentKeyDimensions).byteCount(of: problem.keys.dtype),
        problem.keys.dtype.byteCount
      ),
      (
        .recentValues, try Shape(problem.recentValueDimensions).byteCount(of: problem.values.dtype),
        problem.values.dtype.byteCount
      ),
    ]
    var result: [Plan.Argument] = []
    for (operand, bytes, elementBytes) in forms {
      // Words of bitmaps are counted, two to a tile.
      let limit = min(
        capabilities.maxBindingRange, Int(Int32.max) * min(elementBytes, 4))
      guard bytes <= limit else {
        throw .overLimit(
          "bytes of \(operand)", requested: bytes, limit: limit, device: capabilities.name)
      }
      result.append(bytes > 0 ? .init(operand.source, byteCount: bytes) : .init(.none, byteCount: 0))
    }
    return result
  }

  /// Workgroups that share the blocks of a sequence.
  private static func splits(
    _ problem: PrunedAttentionProblem, rowTiles: Int, tileRows: Int, _ capabilities: Capabilities
  ) throws(TesseraError) -> Int {
    let groups = problem.kvHeads * rowTiles
    for (axis, count) in [(1, groups), (2, problem.batch)] where count > capabilities.maxGroupCount[axis] {
      throw .overLimit(
        "workgroups of pruned decoding", requested: count, limit: capabilities.maxGroupCount[axis],
        device: capabilities.name)
    }
    let all = problem.blocks + (problem.recent + PruningFormat.block - 1) / PruningFormat.block
    let host = capabilities.backend == .cpu
    var splits = SplitWork(capabilities: capabilities).count(
      parallel: problem.splits == nil
        ? capabilities.computeUnits * (host ? 4 : capabilities.kind == .cpu ? 2 : 16) : Int.max,
      groups: groups * problem.batch, most: problem.splits.map { min($0, max(all, 1)) } ?? all / 4,
      partialBytes: [4 * problem.batch * problem.heads * problem.valueDim],
      limit: capabilities.maxGroupCount[0])
    guard let limit = capabilities.maxLoopIterations else { return splits }
    // A driver's loops bound the blocks of one invocation.
    let block = problem.headDim + problem.valueDim + tileRows + 64 / tileRows + 16
    let each = (limit - limit / 16 - 2 * problem.headDim - 512) / block
    splits = max(splits, (all + max(each, 1) - 1) / max(each, 1))
    guard each > 0, splits <= capabilities.maxGroupCount[0] else {
      throw .overLimit(
        "blocks of pruned decoding", requested: all, limit: each, device: capabilities.name)
    }
    return splits
  }
}

extension Plan {
  /// The operands of plans of attention over a pruned cache, by position; nil where the problem has no such
  /// tensor.
  package enum PrunedOperand: Int, CaseIterable {
    case q, keyBitmaps, keyOffsets, keys, valueBitmaps, valueOffsets, values, recentKeys
    case recentValues, o, lse

    var source: Plan.Source { .operand(rawValue) }
  }
}
