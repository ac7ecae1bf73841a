import Tessera
import TesseraConformance
import TesseraCore
import TesseraKernels
import TesseraRuntime

/// Verifies and times one attention, forward or backward, and beside it a dense one over the same data.
struct AttentionBench {
  let attention: BenchAttention
  let backward: Bool
  /// Dense attention over all tokens, to compare with.
  let peer: BenchAttention?

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
      switch dense(peer, data, runner) {
      case .success(let (plan, contender)):
        densePlan = plan
        contenders.append(contender)
      case .failure(let absence): row.notRun["dense"] = absence.reason
      }
    }
    try runner.time(&row, contenders, timed.plan)
    if let densePlan, let ratio = row.peers["dense"]?.ratio, timed.plan.flopsDone > 0 {
      let bound = densePlan.flopsDone / timed.plan.flopsDone
      row.speedup = ratio
      row.bound = bound
      row.share = ratio / bound
    }
    return row
  }

  /// Readies and verifies the dense attention; a few rows of it, as it has rows of its own.
  private func dense(
    _ peer: BenchAttention, _ data: AttentionData, _ runner: BenchRunner
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
      let contender = Contender(name: "dense", on: device) { () throws(TesseraError) in
        try PlanExecutor.execute(timed, operands: operands, on: context)
      }
      return .success((timed.plan, contender))
    } catch {
      return .failure(PeerAbsence(reason: error.message))
    }
  }
}
