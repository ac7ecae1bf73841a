package import Tessera
import TesseraConformance
package import TesseraCore
import TesseraKernels
import TesseraRuntime

/// Verifies and times cases on one device.
package final class BenchRunner {
  package let device: Device
  package let budget: TimingBudget
  package let seed: UInt64
  /// Whether other libraries and the naive kernel run beside ours.
  let peers: Bool
  /// The peers that run, by name; nil for all.
  let onlyPeers: Set<String>?
  /// Whether every legal plan is timed beside the chosen one.
  let candidates: Bool
  /// Whether dense attention runs beside neighborhood attention.
  let dense: Bool
  /// How requests come, besides one after the other.
  let arrivals: Arrivals
  /// What the device can do at most, measured when the runner is made.
  package let ceilings: Ceilings

  /// - Parameters:
  ///   - seconds: time for the samples of one row; nil takes what suits the device.
  ///   - rounds: parts of that time, between which the other cases run.
  ///   - peers: whether to run anything beside ours: other libraries, the naive kernel, dense attention.
  ///   - onlyPeers: the peers to run, by name; nil runs all there are.
  ///   - candidates: gemm: whether to time every plan of the chosen one's tier, too.
  ///   - dense: whether to run dense attention beside neighborhood attention.
  ///   - ceilings: the device's, if they are known or not asked for.
  package init(
    device: Device, seconds: Double? = nil, rounds: Int = 3, peers: Bool = true,
    onlyPeers: Set<String>? = nil, candidates: Bool = false, dense: Bool = true,
    arrivals: Arrivals = .offline, seed: UInt64 = 1, ceilings: Ceilings? = nil
  ) throws(TesseraError) {
    self.device = device
    budget = .standard(for: device, seconds: seconds, rounds: rounds)
    self.peers = peers
    self.onlyPeers = onlyPeers
    self.candidates = candidates
    self.dense = peers && dense
    self.arrivals = arrivals
    self.seed = seed
    if let ceilings { self.ceilings = ceilings } else { self.ceilings = try Ceilings(of: device) }
  }

  /// Whether the peer of this name is to run.
  func runs(_ peer: String) -> Bool { peers && onlyPeers?.contains(peer) ?? true }

  /// Verifies the case with fresh random data, then times it.
  package func run(_ benchCase: any BenchCase) throws(TesseraError) -> BenchRow {
    let session = try prepare(benchCase)
    for _ in 0..<budget.rounds { try session.round() }
    return try session.finish()
  }

  /// Verifies the case; the session that comes back times it.
  package func prepare(_ benchCase: any BenchCase) throws(TesseraError) -> BenchSession {
    if let row = try benchCase.row(self) { return BenchSession(runner: self, done: row) }
    let setup = try benchCase.setup(self)
    device.trim()
    let others = device.memoryStatistics.active
    let report = try Examination(setup.subject, on: device, seed: seed).report()
    var row = base(benchCase, setup, report)
    guard report.passed else { return BenchSession(runner: self, done: row) }
    device.context.pool.resetPeak()
    try setup.subject.run(report.ranges)
    try device.synchronize()
    row.peakBytes = device.memoryStatistics.peak - others
    let peers = try setup.peers(after: report)
    row.notRun = peers.notRun
    return try BenchSession(runner: self, row: row, setup: setup, report: report, peers: peers)
  }

  /// A row that says why its case did not run.
  func failed(_ benchCase: any BenchCase, _ error: TesseraError) -> BenchSession {
    let info = device.info
    var row = BenchRow(
      op: benchCase.operation, title: benchCase.title, case: benchCase.parameters,
      dtype: benchCase.dtype.rawValue, backend: info.backend.rawValue, device: info.name,
      driver: info.driver, plan: nil, timer: "none", verified: false, commit: Provenance.commit(),
      command: Provenance.command(), seed: seed)
    row.fingerprint = fingerprint
    row.note = error.message
    return BenchSession(runner: self, done: row)
  }

  private var fingerprint: BenchRow.Fingerprint {
    let info = device.info
    return .init(
      id: info.id, kind: info.kind, computeUnits: info.computeUnits, memoryBytes: info.memoryBytes)
  }

  /// Verifies the case and times nothing.
  package func verify(_ benchCase: any BenchCase) throws(TesseraError) -> Examination.Report {
    try Examination(try benchCase.setup(self).subject, on: device, seed: seed).report()
  }

  /// The row of a case before it is timed.
  private func base(
    _ benchCase: any BenchCase, _ setup: CaseSetup, _ report: Examination.Report
  ) -> BenchRow {
    let (plan, info) = (setup.plan, device.info)
    let kernels = device.kernelStatistics
    var row = BenchRow(
      op: benchCase.operation, title: benchCase.title, case: benchCase.parameters,
      dtype: benchCase.dtype.rawValue, backend: info.backend.rawValue, device: info.name,
      driver: info.driver,
      plan: .init(
        kernel: plan.kernels.last?.name ?? "none", tier: plan.tier, schedule: plan.schedule,
        tile: plan.tile),
      timer: device.context.capabilities.timestamps ? "device" : "host", verified: report.passed,
      commit: Provenance.commit(), command: Provenance.command(), seed: seed)
    row.semantics = benchCase.semantics
    row.fingerprint = fingerprint
    row.error = .init(rms: report.verification.rms, maxRatio: report.verification.maxRatio)
    row.kernels = .init(compiled: kernels.compiled, cacheHits: kernels.cacheHits)
    row.scratchBytes = plan.scratchBytes
    row.operandBytes = setup.subject.operandBytes
    row.copyGbps = ceilings.copy * 1e-9
    row.ceilings = ceilings.summary
    row.work = .init(
      flopsNeeded: plan.flopsNeeded, flopsDone: plan.flopsDone, bytes: plan.bytes,
      dispatches: plan.dispatches.count, tiles: plan.tiles)
    row.flags = report.findings.isEmpty ? nil : report.findings
    if !report.passed {
      row.note = report.findings.first { $0.fails }?.description ?? report.verification.summary
    }
    return row
  }
}

extension Ceilings {
  var summary: BenchRow.CeilingSummary {
    .init(
      copyGbps: copy * 1e-9, readGbps: read * 1e-9, writeGbps: write * 1e-9, fmaTflops: fma * 1e-12,
      launchMs: launch * 1e3)
  }
}
