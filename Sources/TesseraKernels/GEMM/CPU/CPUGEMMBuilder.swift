import CTesseraSIMD
import TesseraCore
import TesseraHAL

/// Writes down the dispatches of one product.
struct CPUGEMMBuilder {
  var form: CPUGEMMForm
  let sizes: CPUGEMMSizes
  let capabilities: Capabilities
  /// Bytes of packed B at one time; one panel of B may exceed it.
  let scratchLimit: Int

  private var m: Int { Int(form.gemm.m) }
  private var n: Int { Int(form.gemm.n) }
  private var k: Int { Int(form.gemm.k) }

  // MARK: - Few rows

  /// One pass over B, which the memory's bandwidth bounds.
  mutating func vectorPlan() -> Plan {
    let threads = max(capabilities.computeUnits, 1)
    let dots = form.gemm.b.row == 1
    // Dot products: some 32 K elements of B per workgroup. Scaled rows: runs long enough to stream.
    let longest = CPUGEMMTiling.even(n, atMost: (n - 1) / (4 * threads) + 1, multipleOf: 16)
    let tileN = dots ? min(max(32768 / k, 16), longest) : min(max(longest, 64), 1024)
    let tileK = min(k, dots ? 2048 : 512)
    form.gemm.tile_n = Int64(tileN)
    form.gemm.tile_k = Int64(tileK)
    var plan = Plan(operation: "gemm", schedule: "vector", tile: [m, tileN, tileK])
    plan.kernels = [
      KernelSpec(
        CPUGEMMKernels.vector,
        [
          .init("TILE_N", tileN), .init("TILE_K", tileK), .init("AXES", form.axes.count),
        ])
    ]
    let groups = (n + tileN - 1) / tileN
    for start in batchStarts(CPUGEMMPlanner.maxBatches) {
      form.gemm.batch_start = Int64(start.lowerBound)
      plan.dispatches.append(
        Plan.Dispatch(
          kernel: 0, grid: GridSize(groups, 1, start.count), constants: form.constants,
          arguments: arguments(b: nil)))
    }
    plan.flopsDone = 2 * Double(m) * Double(n) * Double(k) * Double(form.batchCount)
    let full = n / tileN
    plan.tiles = Plan.TileCounts(
      full: full * form.batchCount, partial: (groups - full) * form.batchCount, skipped: 0)
    plan.notes.append(
      "B is read once: " + (dots ? "dot products along K" : "sums of scaled rows"))
    if form.swapped { plan.notes.append("computed as the transposed product") }
    return plan
  }

  // MARK: - Blocks

  /// Blocks of D from packed panels.
  mutating func blockPlan() throws(TesseraError) -> Plan {
    let tiling = CPUGEMMTiling(
      m: m, n: n, k: k, batches: form.batchCount, capabilities: capabilities)
    form.gemm.micro_m = Int64(tiling.microM)
    form.gemm.micro_n = Int64(tiling.microN)
    form.gemm.tile_k = Int64(tiling.tileK)
    let fused = tiling.packsB || k == 0
    var plan = Plan(
      operation: "gemm", schedule: fused ? "fused" : "packed",
      tile: [tiling.tileM, tiling.tileN, tiling.tileK])
    plan.kernels = [spec(CPUGEMMKernels.block, tiling, packsB: fused)]
    if fused {
      appendFused(tiling, to: &plan)
    } else {
      try appendPacked(tiling, to: &plan)
    }
    count(tiling, in: &plan)
    return plan
  }

  private func spec(_ name: String, _ tiling: CPUGEMMTiling, packsB: Bool) -> KernelSpec {
    KernelSpec(
      name,
      [
        .init("TILE_M", tiling.tileM), .init("TILE_N", tiling.tileN),
        .init("TILE_K", tiling.tileK), .init("MICRO_M", tiling.microM),
        .init("MICRO_N", tiling.microN), .init("AXES", form.axes.count),
        .init("PACKS_B", packsB ? 1 : 0),
      ])
  }

  private mutating func appendFused(_ tiling: CPUGEMMTiling, to plan: inout Plan) {
    for columns in Self.pieces(n, CPUGEMMPlanner.maxBatches * tiling.tileN) {
      for batches in batchStarts(CPUGEMMPlanner.maxBatches) {
        appendBlock(tiling, columns, batches, b: nil, to: &plan)
      }
    }
  }

  private mutating func appendPacked(
    _ tiling: CPUGEMMTiling, to plan: inout Plan
  ) throws(TesseraError) {
    let (perColumn, overflow) = k.multipliedReportingOverflow(by: 4)
    guard !overflow, perColumn <= Int.max / (tiling.microN * 2) else {
      throw .overLimit("K", requested: k, limit: Int.max / 8 / tiling.microN)
    }
    // As many columns, then as many batches, as the scratch limit allows.
    let columnLimit = min(
      max(scratchLimit / perColumn, 1), 65535 * min(tiling.tileN, 256))
    let unit = columnLimit >= tiling.tileN ? tiling.tileN : tiling.microN
    let paddedN = (n + tiling.microN - 1) / tiling.microN * tiling.microN
    let columnStep = min(max(columnLimit / unit * unit, tiling.microN), paddedN)
    let perBatch = columnStep * perColumn
    let shared = form.sharesB
    var batchStep = 1
    if !shared, columnStep >= n {
      batchStep = min(
        max(scratchLimit / perBatch, 1), form.batchCount, CPUGEMMPlanner.maxBatches)
    }
    form.gemm.packed_stride = shared ? 0 : Int64(perBatch / 4)
    plan.scratch = [perBatch * batchStep]
    plan.kernels.append(spec(CPUGEMMKernels.pack, tiling, packsB: false))
    let packed = Plan.Argument(.scratch(0), byteCount: perBatch * batchStep)
    for columns in Self.pieces(n, columnStep) {
      if shared {
        appendPack(tiling, columns, 0..<1, packed, to: &plan)
        for batches in batchStarts(CPUGEMMPlanner.maxBatches) {
          appendBlock(tiling, columns, batches, b: packed, to: &plan)
        }
      } else {
        for batches in batchStarts(batchStep) {
          appendPack(tiling, columns, batches, packed, to: &plan)
          appendBlock(tiling, columns, batches, b: packed, to: &plan)
        }
      }
    }
    let parts = plan.dispatches.count
    if parts > 2 { plan.notes.append("\(parts) dispatches, to bound the scratch memory") }
  }

  private mutating func appendPack(
    _ tiling: CPUGEMMTiling, _ columns: Range<Int>, _ batches: Range<Int>,
    _ packed: Plan.Argument, to plan: inout Plan
  ) {
    // Wide enough to read whole cache lines of B, narrow enough to share out.
    let tileN = 256
    select(columns, batches)
    form.gemm.tile_n = Int64(tileN)
    plan.dispatches.append(
      Plan.Dispatch(
        kernel: 1,
        grid: GridSize(
          (k + tiling.tileK - 1) / tiling.tileK, (columns.count + tileN - 1) / tileN,
          batches.count),
        constants: form.constants,
        arguments: [Plan.Argument(.operand(1), byteCount: sizes.b), packed]))
  }

  private mutating func appendBlock(
    _ tiling: CPUGEMMTiling, _ columns: Range<Int>, _ batches: Range<Int>, b: Plan.Argument?,
    to plan: inout Plan
  ) {
    select(columns, batches)
    form.gemm.tile_m = Int64(tiling.tileM)
    form.gemm.tile_n = Int64(tiling.tileN)
    plan.dispatches.append(
      Plan.Dispatch(
        kernel: 0,
        grid: GridSize(
          (m + tiling.tileM - 1) / tiling.tileM, (columns.count + tiling.tileN - 1) / tiling.tileN,
          batches.count),
        constants: form.constants, arguments: arguments(b: b)))
  }

  // MARK: - Shared

  private mutating func select(_ columns: Range<Int>, _ batches: Range<Int>) {
    form.gemm.column_start = Int64(columns.lowerBound)
    form.gemm.column_count = Int64(columns.count)
    form.gemm.batch_start = Int64(batches.lowerBound)
  }

  private func batchStarts(_ step: Int) -> [Range<Int>] { Self.pieces(form.batchCount, step) }

  private static func pieces(_ count: Int, _ step: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: step).map { $0..<min($0 + step, count) }
  }

  /// The five arguments of the kernels that compute D; `b` replaces the operand by its packed form.
  private func arguments(b packed: Plan.Argument?) -> [Plan.Argument] {
    func operand(_ index: Int, _ byteCount: Int) -> Plan.Argument {
      Plan.Argument(byteCount > 0 ? .operand(index) : .none, byteCount: byteCount)
    }
    let a = operand(0, sizes.a)
    let b = operand(1, sizes.b)
    return [
      form.swapped ? b : a, packed ?? (form.swapped ? a : b), operand(2, sizes.c),
      operand(3, sizes.bias), operand(4, sizes.d),
    ]
  }

  private func count(_ tiling: CPUGEMMTiling, in plan: inout Plan) {
    func padded(_ extent: Int, _ unit: Int) -> Double { Double((extent + unit - 1) / unit * unit) }
    plan.flopsDone =
      2 * padded(m, tiling.microM) * padded(n, tiling.microN) * Double(k) * Double(form.batchCount)
    let full = (m / tiling.tileM) * (n / tiling.tileN)
    let all = ((m + tiling.tileM - 1) / tiling.tileM) * ((n + tiling.tileN - 1) / tiling.tileN)
    plan.tiles = Plan.TileCounts(
      full: full * form.batchCount, partial: (all - full) * form.batchCount, skipped: 0)
  }
}
