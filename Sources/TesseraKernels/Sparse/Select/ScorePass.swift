import CTesseraSIMD
import TesseraCore
import TesseraHAL

/// One use of `block_scores`, as Shaders/Sparse/block_scores.h defines it.
struct ScorePass {
  /// The kernel's MODE.
  enum Mode: Int {
    case sum, max, weights, statistics
  }

  var mode: Mode
  var rows: BlockRows
  var batch: Int
  var heads: Int
  var kvHeads: Int
  var headDim: Int
  /// Keys that are scored, J.
  var columns: Int
  /// Column `j` is visible from position `j·step + from` on, if `rows` are causal.
  var step: Int
  var from = 0
  /// Columns per block, and columns that overlap.
  var alpha = 1
  var beta = 1
  var scale: Float
  var gain: Float = 1
  var queryType: DType
  var keyType: DType
  /// `[B, R, H, D]`, `[B, J, Hkv, D]`, and with `weights` `[B, R, H]`.
  var q: Plan.Source
  var k: Plan.Source
  var lse: Plan.Source?

  /// Rows and columns of a workgroup's tile.
  static let (tileRows, tileColumns) = (32, 64)

  /// Appends scores `[lists, rows, M]` of rows `range` of lists `lists`; with `statistics`, LSE
  /// `[B, R, H]`, for which lists are query heads of all batch entries.
  /// - Throws: `overLimit` if the tensors exceed the device's limits.
  func append(
    to plan: inout Plan, lists: Range<Int>, rows range: Range<Int>, scores: Plan.Source,
    _ capabilities: Capabilities
  ) throws(TesseraError) {
    guard !lists.isEmpty, !range.isEmpty, mode == .statistics || rows.blocks > 0 else { return }
    let (queries, keys) = (
      batch * rows.rows * heads * headDim, batch * columns * kvHeads * headDim
    )
    let statistics = batch * rows.rows * heads
    let outputs = mode == .statistics ? statistics : lists.count * range.count * rows.blocks
    try Plan.checkBindings(
      "block scores",
      [
        ("q", queries, queryType), ("k", keys, keyType), ("lse", statistics, .f32),
        ("scores", outputs, .f32),
      ], capabilities)
    let together = max(1, (Self.tileColumns - beta + 1) / alpha)
    try checkLoops(together, capabilities)
    let vector = PartKernels.vector(headDim, capabilities)
    let kernel = plan.kernel(
      KernelSpec(
        SelectKernels.scores,
        [
          .init("Q_DTYPE", queryType.kernelCode), .init("K_DTYPE", keyType.kernelCode), vector,
          .init("MODE", mode.rawValue), .init("HEAD_DIM", capabilities.backend == .cpu ? headDim : 0),
        ]))
    let grid: GridSize
    if capabilities.backend == .cpu {
      let side = Int(TESSERA_SCORE_ROWS)
      grid = GridSize((range.count + side - 1) / side, lists.count)
    } else {
      grid = GridSize(
        mode == .statistics ? 1 : (rows.blocks + together - 1) / together,
        (range.count + Self.tileRows - 1) / Self.tileRows, lists.count)
      for (axis, value) in [(0, grid.x), (1, grid.y), (2, grid.z)]
      where value > capabilities.maxGroupCount[axis] {
        throw .overLimit(
          "workgroups of block scores", requested: value, limit: capabilities.maxGroupCount[axis],
          device: capabilities.name)
      }
    }
    func argument(_ source: Plan.Source?, _ elements: Int, _ dtype: DType) -> Plan.Argument {
      guard let source, elements > 0 else { return .init(.none, byteCount: 0) }
      return .init(source, byteCount: elements * dtype.byteCount)
    }
    plan.dispatches.append(
      .init(
        kernel: kernel, grid: grid, constants: constants(lists, range, together),
        arguments: [
          argument(q, queries, queryType), argument(k, keys, keyType),
          argument(lse, statistics, .f32), argument(scores, outputs, .f32),
        ]))
    // Tiles that causality leaves out do nothing.
    let seen = rows.causal ? 0.5 : 1
    let products = mode == .sum ? 1.0 : mode == .statistics ? 1 : Double(heads) / Double(kvHeads)
    plan.flopsDone +=
      2 * seen * products * Double(lists.count * range.count) * Double(columns) * Double(headDim)
  }

  private func constants(_ lists: Range<Int>, _ range: Range<Int>, _ together: Int) -> [UInt8] {
    var constants = ConstantBlock()
    for value in [
      range.count, range.lowerBound, rows.rows, lists.lowerBound, rows.blocks,
      min(rows.keyBlock, max(rows.keyLength, 1)), min(rows.queryBlock, max(rows.queryLength, 1)),
      rows.queryLength, rows.shift, rows.causal ? 1 : 0, columns, min(step, max(rows.keyLength, 1)),
      from, alpha, beta, together, heads, kvHeads, headDim,
    ] { constants.append(value) }
    constants.append(scale)
    constants.append(gain)
    return constants.bytes
  }

  /// Loops that a compiler does not unroll, of one invocation.
  private func checkLoops(_ together: Int, _ capabilities: Capabilities) throws(TesseraError) {
    let group = heads / max(kvHeads, 1)
    let staged = 16 + (mode == .sum ? 2 * group : 0)
    let perHead = (headDim + 31) / 32 * staged + 2
    let scored = mode == .weights || mode == .max ? group : 1
    let width = mode == .statistics ? columns : together * alpha + beta
    let tiles = (width + Self.tileColumns - 1) / Self.tileColumns
    let pairs = (Self.tileRows * together + 127) / 128 * (min(alpha + beta, Self.tileColumns) + 1)
    try Plan.checkLoops("block scores", tiles * (scored * perHead + pairs + 2) + 64, capabilities)
  }
}
