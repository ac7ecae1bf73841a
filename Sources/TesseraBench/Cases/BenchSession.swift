import Tessera
package import TesseraCore
import TesseraKernels
import TesseraRuntime

/// A verified case being timed: round after round, so that other cases can run between.
package final class BenchSession {
  private let runner: BenchRunner
  private var row: BenchRow
  private var setup: CaseSetup?
  private var peers = PeerSet()
  /// Ours first, then what runs beside it.
  private var contenders: [Contender] = []
  private var cold: ColdRuns?
  /// Seconds by contender, round and sample.
  private var samples: [[[Double]]] = []
  private var coldSamples: [[Double]] = []
  private var walls: [[Double]] = []
  private var batches: [Batch] = []
  private var latencies: [Double] = []
  private var counted = (dispatches: 0, runs: 0)

  private struct Batch {
    var runs: Int
    var wall: Double
    var record: Double
  }

  /// Bytes of device memory that the session holds.
  package var operandBytes: Int { row.operandBytes ?? 0 }

  /// The operator and its case in short.
  package var title: String { "\(row.op) \(row.title ?? "")" }

  /// A row that is not to be timed.
  init(runner: BenchRunner, done row: BenchRow) {
    self.runner = runner
    self.row = row
  }

  init(
    runner: BenchRunner, row: BenchRow, setup: CaseSetup, report: Examination.Report,
    peers: PeerSet
  ) throws(TesseraError) {
    self.runner = runner
    self.row = row
    self.setup = setup
    self.peers = peers
    let subject = setup.subject
    contenders = [
      Contender(name: "tessera", on: runner.device) { () throws(TesseraError) in
        try subject.run(report.ranges)
      }
    ]
    contenders += peers.contenders
    samples = contenders.map { _ in [] }
    cold = try ColdRuns(subject, report, on: runner.device)
  }

  /// Takes one round's samples of every contender in turns, warm ones, then cold ones, then a batch.
  package func round() throws(TesseraError) {
    guard setup != nil else { return }
    let budget = runner.budget
    let first = samples[0].isEmpty
    // Before they warm up: a peer that does not wait would pile up work.
    if first { try checkPeers() }
    var counts: [Int] = []
    for contender in contenders {
      let last = try Warmup.run(contender, seconds: first ? budget.warmup : 0.01)
      let count = setup?.span.map { Int($0 / max(last, 1e-6)) } ?? 1
      counts.append(max(1, min(Self.maximumRuns, count)))
    }
    for index in samples.indices { samples[index].append([]) }
    walls.append([])
    let seconds = budget.total / Double(budget.rounds)
    let started = HostClock.now()
    let limit = 0.6 * seconds * Double(contenders.count)
    var taken = 0
    repeat {
      for index in contenders.indices { try sample(index, counts[index]) }
      taken += 1
    } while taken < budget.maximumSamples
      && (taken < budget.minimumSamples || HostClock.seconds(since: started) < limit)
    for _ in 0..<3 { try batch(seconds: 0.05 * seconds) }
    if let cold {
      coldSamples.append(try cold.samples(seconds: 0.25 * seconds, most: budget.maximumSamples))
    }
    if runner.arrivals == .server {
      latencies += try Arrivals.latencies(
        of: contenders[0], service: Statistics(walls[walls.count - 1]).median, seconds: seconds,
        seed: runner.seed &+ UInt64(walls.count))
    }
  }

  /// Most runs of one sample: they are recorded together.
  private static let maximumRuns = 64

  private func sample(_ index: Int, _ count: Int) throws(TesseraError) {
    guard index == 0 else {
      samples[index][samples[index].count - 1].append(try contenders[index].sample(count))
      return
    }
    if count > 1 {
      let before = runner.device.context.commandCounters().dispatches
      samples[0][samples[0].count - 1].append(try contenders[0].sample(count))
      counted.dispatches += runner.device.context.commandCounters().dispatches - before
      counted.runs += count
    }
    let before = runner.device.context.commandCounters().dispatches
    let started = HostClock.now()
    let seconds = try contenders[0].run()
    walls[walls.count - 1].append(HostClock.seconds(since: started))
    if count == 1 { samples[0][samples[0].count - 1].append(seconds) }
    counted.dispatches += runner.device.context.commandCounters().dispatches - before
    counted.runs += 1
  }

  /// Holds the timers of peers from elsewhere against the host's clock. One that returns before its work is
  /// done would leave the rest of it to whoever comes next.
  private func checkPeers() throws(TesseraError) {
    for contender in contenders.dropFirst() where !contender.isTimedByDevice {
      _ = try contender.run()
      var finding: Finding?
      // A disturbed machine shows once, a false timer every time; the best of each clock shows the same
      // undisturbed work.
      var (least, wall, recorded) = (Double.infinity, Double.infinity, Double.infinity)
      for _ in 0..<8 {
        try runner.device.synchronize()
        let started = HostClock.now()
        var reported = 0.0
        for _ in 0..<3 { reported += try contender.run() }
        let recording = HostClock.seconds(since: started)
        try contender.wait()
        try runner.device.synchronize()
        let whole = HostClock.seconds(since: started)
        least = min(least, reported / 3)
        if whole / 3 < wall { (wall, recorded) = (whole / 3, recording / 3) }
        finding = TimerCheck.finding(
          reported: least, wall: wall, recording: recorded,
          allowance: max(4 * runner.ceilings.launch + contender.overhead, least))
        if finding == nil { break }
      }
      if let finding { row.notRun[contender.name] = finding.description }
    }
    contenders.removeAll { row.notRun[$0.name] != nil }
    samples = contenders.map { _ in [] }
  }

  /// Several runs with one wait at their end.
  private func batch(seconds: Double) throws(TesseraError) {
    guard let record = contenders[0].record, let last = samples[0].last else { return }
    let one = max(Statistics(last).median, 1e-7)
    let runs = max(2, min(256, Int(min(seconds, 0.1) / one)))
    let device = runner.device
    try device.synchronize()
    let before = device.context.commandCounters().dispatches
    let started = HostClock.now()
    for _ in 0..<runs { try record() }
    let recorded = HostClock.seconds(since: started)
    try contenders[0].wait()
    let wall = HostClock.seconds(since: started)
    counted.dispatches += device.context.commandCounters().dispatches - before
    counted.runs += runs
    batches.append(
      Batch(runs: runs, wall: wall / Double(runs), record: recorded / Double(runs)))
  }

  /// The row, with what the samples say; a row that failed verification as it is.
  package func finish() throws(TesseraError) -> BenchRow {
    guard let setup, let first = samples.first, !first.isEmpty else { return row }
    let own = Statistics(rounds: first)
    row.ms = own.scaled(by: 1e3)
    row.samples = first.map { round in round.map { ($0 * 1e9).rounded() * 1e-6 } }
    if !coldSamples.isEmpty { row.cold = Statistics(rounds: coldSamples).scaled(by: 1e3) }
    if !latencies.isEmpty { row.server = Statistics(latencies).scaled(by: 1e3) }
    if let batch = batches.min(by: { $0.wall < $1.wall }) {
      row.wall = .init(
        launch: Statistics(walls.flatMap { $0 }).scaled(by: 1e3), batch: batch.wall * 1e3,
        runs: batch.runs, record: batch.record * 1e3)
    }
    rate(own.median, setup.plan)
    for (index, contender) in contenders.enumerated().dropFirst() {
      let peer = Statistics(rounds: samples[index])
      row.peers[contender.name] = .init(
        ms: peer.median * 1e3, ratio: peer.median / own.median, n: peer.n)
    }
    check(own, setup)
    setup.complete(&row, peers.plans)
    return row
  }

  /// Rates, and the bound that the ceilings set.
  private func rate(_ seconds: Double, _ plan: Plan) {
    row.tflops = plan.flopsNeeded / seconds * 1e-12
    row.gbps = plan.bytes / seconds * 1e-9
    let (memory, arithmetic) = runner.ceilings.bound(of: plan)
    row.limit = memory >= arithmetic ? "bandwidth" : "arithmetic"
    row.boundMs = max(memory, arithmetic) * 1e3
    row.roofline = max(memory, arithmetic) / seconds
    row.intensity = plan.bytes > 0 ? plan.flopsNeeded / plan.bytes : nil
  }

  private func check(_ own: Statistics, _ setup: CaseSetup) {
    var flags = row.flags ?? []
    row.executed = .init(
      device: runner.device.info.id, dispatches: counted.dispatches, runs: counted.runs)
    if counted.dispatches != counted.runs * setup.subject.dispatches {
      flags.append(
        Finding(
          .elsewhere,
          "\(runner.device.info.id) counted \(counted.dispatches) dispatches in \(counted.runs) runs "
            + "of \(setup.subject.dispatches)"))
    }
    if let batch = batches.min(by: { $0.wall < $1.wall }),
      let finding = TimerCheck.finding(
        reported: own.min, wall: batch.wall, recording: batch.record)
    {
      // The best of each: both clocks then show the same undisturbed work.
      flags.append(finding)
    }
    if let roofline = row.roofline, roofline > 1.5, ColdRuns.exceedsCaches(row, runner.device) {
      flags.append(
        Finding(.impossible, "\(Int((roofline * 100).rounded())) % of what the device can do"))
    }
    if let failure = flags.first(where: \.fails) {
      row.verified = false
      row.note = failure.description
      (row.ms, row.tflops, row.gbps, row.roofline) = (nil, nil, nil, nil)
    }
    row.flags = flags.isEmpty ? nil : flags
  }
}
