import CTesseraSIMD
import TesseraCore
import TesseraHAL

extension CPUAttentionPlanner {
  /// Adds the dispatch of one pass.
  static func record(
    _ tiling: CPUAttentionTiling, _ problem: BoxProblem, _ operands: BoxOperands,
    to plan: inout Plan, _ capabilities: Capabilities
  ) throws(TesseraError) {
    for (name, count) in [
      ("queries", problem.queryTokens), ("keys", problem.keyTokens),
      ("additional keys", problem.extraKeys), ("sequences", problem.sequences ?? 0),
      ("heads", problem.heads),
    ] where count > 1 << 30 {
      // Sums of two positions must fit in 32 bits.
      throw .overLimit("\(name) of attention", requested: count, limit: 1 << 30)
    }
    var constants = tiling.constants(problem)
    let localBytes = tessera_attention_local_bytes(&constants, tiling.pass.code)
    guard localBytes <= capabilities.localMemoryBytes else {
      throw .overLimit(
        "local memory for head dimensions \(problem.headDim) and \(problem.valueDim)",
        requested: localBytes, limit: capabilities.localMemoryBytes, device: capabilities.name)
    }
    var arguments: [Plan.Argument] = []
    for role in tiling.pass.roles {
      if let tensor = operands[role] {
        arguments.append(
          .init(tensor.source, byteCount: tensor.bytes * (tensor.shared ? 1 : problem.batch)))
      } else {
        // No two slots may share memory that is written.
        arguments.append(
          tiling.pass.writes(role) ? plan.unusedScratch() : .init(.none, byteCount: 0))
      }
    }
    plan.dispatches.append(
      .init(
        kernel: plan.kernel(
          KernelSpec(tiling.pass.rawValue, [.init("LOCAL_BYTES", localBytes)])),
        grid: GridSize(tiling.workgroups), constants: withUnsafeBytes(of: constants) { Array($0) },
        arguments: arguments))
  }

  /// Adds the register blocks of one pass and their operations; of a packed batch as if all
  /// sequences were equally long.
  static func count(
    _ pass: CPUAttentionPass, _ block: [Int], _ problem: BoxProblem, to plan: inout Plan
  ) {
    let (blockRows, lanes) = (CPUAttentionTiling.blockRows, CPUAttentionTiling.lanes)
    var axes = problem.axes
    let sequences = problem.sequences ?? 1
    if sequences > 1 {
      axes[2].queries /= sequences
      axes[2].keys /= sequences
    }
    let sides = [(block[0], 1), (block[1], 1), (block[2], lanes)]
    let perAxis = zip(axes, sides).map {
      $0.tiles(
        side: $1.0, columnSide: $1.1, rowsAreKeys: pass.rowsAreKeys)
    }
    func product(_ value: (AxisTiles) -> Int) -> Double {
      perAxis.reduce(Double(problem.heads * problem.batch * sequences)) { $0 * Double(value($1)) }
    }
    let (rows, visited) = (product(\.tiles), product(\.visited))
    let dense = perAxis.reduce(rows) { $0 * Double($1.columnTiles) }
    var full = problem.keyMask ? 0 : product(\.full)
    var extra = 0.0
    if !pass.rowsAreKeys {
      full += rows * Double(problem.extraKeys / lanes)
      extra = rows * Double((problem.extraKeys + lanes - 1) / lanes)
    }
    func integer(_ x: Double) -> Int { x < Double(Int.max) ? Int(x) : Int.max }
    var counts = plan.tiles ?? Plan.TileCounts(full: 0, partial: 0, skipped: 0)
    counts.full += integer(full)
    counts.partial += integer(visited + extra - full)
    counts.skipped += integer(max(dense - visited, 0))
    plan.tiles = counts
    let (rowBox, columnBox) = ([1, 1, blockRows], [1, 1, lanes])
    if pass.rowsAreKeys {
      plan.inverseTileShape = TileShape(queryTile: columnBox, keyTile: rowBox)
    } else {
      plan.tileShape = TileShape(queryTile: rowBox, keyTile: columnBox)
    }
    plan.flopsDone +=
      (visited + extra) * Double(blockRows * lanes)
      * pass.flopsPerPair(headDim: problem.headDim, valueDim: problem.valueDim)
  }
}
