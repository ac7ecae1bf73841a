import Tessera
import TesseraConformance
import TesseraCore
import TesseraKernels
import TesseraRuntime

/// Verifies and times one attention, forward or backward, and beside it others over the same data.
struct AttentionBench {
  let attention: BenchAttention
  let backward: Bool
  /// Dense attention over all tokens, to compare with.
  let peer: BenchAttention?
  /// The same attention computed in other ways, by name.
  var ways: [(name: String, attention: BenchAttention)] = []

  func row(
    of benchCase: some BenchCase, _ runner: BenchRunner
  ) throws(TesseraError) -> BenchRow {
    let device = runner.device
    // Plans come first: what cannot be planned takes no memory.
    let forward = try attention.prepare(backward: false, on: device)
    let timed = backward ? try attention.prepare(backward: true, on: device) : forward
    device.trim()
    let others = device.memoryStatistics.active
    let data = try AttentionData(attention, backward: backward, seed: runner.seed, on: device)
    let operands = try data.operands(backward: backward)
    if backward {
      try PlanExecutor.execute(
        forward, operands: try data.operands(backward: false), on: device.context)
      try device.synchronize()
    }
    device.context.pool.resetPeak()
    try PlanExecutor.execute(timed, operands: operands, on: device.context)
    try device.synchronize()
    let peak = device.memoryStatistics.peak - others
    let judge = try AttentionJudge(data, seed: runner.seed)
    var verification = try judge.forward()
    if backward { verification = verification.and(try judge.backward()) }
    var row = runner.base(benchCase, plan: timed.plan, verification)
    row.scratchBytes = timed.plan.scratchBytes
    row.peakBytes = peak
    row.operandBytes = try data.operandBytes(backward: backward)
    guard verification.passed else { return row }

    let context = device.context
    var contenders = [
      Contender(name: "tessera", on: device) { () throws(TesseraError) in
        try PlanExecutor.execute(timed, operands: operands, on: context)
      }
    ]
    var densePlan: Plan?
    if let peer, runner.dense {
      switch contender("dense", peer, data, runner) {
      case .success(let (plan, contender)):
        densePlan = plan
        contenders.append(contender)
      case .failure(let absence): row.notRun["dense"] = absence.reason
      }
    }
    for way in runner.peers ? ways : [] {
      switch contender(way.name, way.attention, data, runner) {
      case .success(let (_, contender)): contenders.append(contender)
      case .failure(let absence): row.notRun[way.name] = absence.reason
      }
    }
    var plan = timed.plan
    if case .lists(let lists) = attention {
      let problem = lists.problem.attention
      let (d, dv) = (Double(problem.headDim), Double(problem.valueDim))
      plan.flopsNeeded = 2 * attention.pairs * (backward ? 3 * d + 2 * dv : d + dv)
      if let preparation = try preparation(plan, operands, device) { contenders.append(preparation) }
    }
    try runner.time(&row, contenders, plan)
    if let densePlan, let ratio = row.peers["dense"]?.ratio, timed.plan.flopsDone > 0 {
      var bound = densePlan.flopsDone / timed.plan.flopsDone
      if case .lists = attention, let peer { bound = peer.pairs / max(attention.pairs, 1) }
      row.speedup = ratio
      row.bound = bound
      row.share = ratio / bound
    }
    return row
  }

  /// What of a plan is done for the lists alone, before any attention: their cost apart.
  private func preparation(
    _ plan: Plan, _ operands: [BufferRange?], _ device: Device
  ) throws(TesseraError) -> Contender? {
    var lists = plan
    lists.dispatches.removeAll { dispatch in
      !Self.listKernels.contains(plan.kernels[dispatch.kernel].name)
    }
    guard !lists.dispatches.isEmpty else { return nil }
    let prepared = try PlanExecutor.prepare(lists, on: device.context)
    return Contender(name: "lists", on: device) { () throws(TesseraError) in
      try PlanExecutor.execute(prepared, operands: operands, on: device.context)
    }
  }

  private static let listKernels: Set<String> = [
    "list_rows", "list_count", "list_prefix", "list_scan", "list_scatter", "list_chunks",
    "list_cpu_transpose",
  ]

  /// Readies and verifies another attention; a few rows of it, as it has rows of its own.
  private func contender(
    _ name: String, _ peer: BenchAttention, _ data: AttentionData, _ runner: BenchRunner
  ) -> Result<(Plan, Contender), PeerAbsence> {
    let device = runner.device
    do throws(TesseraError) {
      let forward = try peer.prepare(backward: false, on: device)
      let timed = backward ? try peer.prepare(backward: true, on: device) : forward
      let own = try AttentionData(sharing: data, peer, on: device)
      let operands = try own.operands(backward: backward)
      let context = device.context
      if backward {
        try PlanExecutor.execute(
          forward, operands: try own.operands(backward: false), on: context)
      }
      try PlanExecutor.execute(timed, operands: operands, on: context)
      let judge = try AttentionJudge(own, seed: runner.seed, few: true)
      var verification = try judge.forward()
      if backward { verification = verification.and(try judge.backward()) }
      // A peer that is wrong is no peer: its time would be of something else.
      guard verification.passed else {
        return .failure(PeerAbsence(reason: "its result is wrong: \(verification.summary)"))
      }
      let contender = Contender(name: name, on: device) { () throws(TesseraError) in
        try PlanExecutor.execute(timed, operands: operands, on: context)
      }
      return .success((timed.plan, contender))
    } catch {
      return .failure(PeerAbsence(reason: error.message))
    }
  }
}
