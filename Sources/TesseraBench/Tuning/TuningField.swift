import Tessera
import TesseraCore
import TesseraKernels
import TesseraRuntime

/// The candidates of one measurement: those still running, and what became of the others.
struct TuningField {
  /// One candidate.
  struct Runner {
    var form: String
    var contender: Contender?
    /// Seconds of one run, by round.
    var rounds: [[Double]] = []
    var dropped: String?

    init(form: String, contender: Contender? = nil, dropped: String? = nil) {
      self.form = form
      self.contender = contender
      self.dropped = dropped
    }

    var samples: [Double] { rounds.flatMap { $0 } }
    var median: Double { samples.isEmpty ? .infinity : Statistics(samples).median }
    var isRunning: Bool { dropped == nil && contender != nil }
  }

  private let limits: Tuner.Limits
  /// Seconds below which the device cannot be; nil if that is not known.
  private let bound: Double?
  private var runners: [Runner] = []

  init(limits: Tuner.Limits, bound: Double?) {
    self.limits = limits
    self.bound = bound
  }

  mutating func add(_ runner: Runner) { runners.append(runner) }

  /// The form of the least median, the earlier one where medians are equal.
  var best: String? {
    runners.filter { !$0.samples.isEmpty }.min { $0.median < $1.median }?.form
  }

  var outcome: [TuningEntry.Candidate] {
    runners.map { .init(form: $0.form, samples: $0.samples, dropped: $0.dropped) }
  }

  /// Why candidates were dropped, each reason once.
  var reasons: String {
    Set(runners.compactMap(\.dropped)).sorted().joined(separator: "; ")
  }

  private var leastMedian: Double { runners.map(\.median).min() ?? .infinity }

  /// Times all in turns until few enough are left.
  mutating func race(on device: Device) throws(TesseraError) {
    let started = HostClock.now()
    try first(on: device)
    for round in 1..<max(limits.rounds, 2) {
      let running = runners.indices.filter { runners[$0].isRunning }
      let spent = HostClock.seconds(since: started)
      if running.count < 2 || spent > limits.seconds { return }
      if let bound, leastMedian * limits.enough <= bound { return }
      let share = (limits.seconds - spent) / Double(limits.rounds - round) / Double(running.count)
      for index in running { try sample(index, seconds: share) }
      drop(after: round)
    }
  }

  /// One run of each to be warm, and one that counts: what is hopelessly slow goes no further.
  private mutating func first(on device: Device) throws(TesseraError) {
    var least = Double.infinity
    for index in runners.indices {
      guard runners[index].isRunning, let contender = runners[index].contender else { continue }
      _ = try contender.run()
      // A coarse timer may see nothing at all.
      let seconds = max(try contender.run(), 1e-9)
      runners[index].rounds.append([seconds])
      least = min(least, seconds)
      if seconds > limits.perRun { runners[index].dropped = "takes \(seconds) s" }
    }
    for index in runners.indices where runners[index].isRunning {
      if runners[index].median > limits.hopeless * least {
        runners[index].dropped = "more than \(limits.hopeless) times the best's time"
      }
    }
    // Clocks rise with work: half a second of the best one before anything is compared closely.
    guard device.info.kind == "gpu",
      let leader = runners.filter(\.isRunning).min(by: { $0.median < $1.median })?.contender
    else { return }
    let started = HostClock.now()
    while HostClock.seconds(since: started) < 0.5 { _ = try leader.run() }
  }

  /// Samples of one candidate: three at least, each a span long enough for the timer.
  private mutating func sample(_ index: Int, seconds: Double) throws(TesseraError) {
    guard let contender = runners[index].contender else { return }
    let each = max(runners[index].median, 1e-7)
    let count = max(1, Int((1e-3 / each).rounded(.up)))
    let samples = min(20, max(3, Int(seconds / (each * Double(count)))))
    var taken: [Double] = []
    for _ in 0..<samples { taken.append(max(try contender.sample(count), 1e-9)) }
    // The first round's runs were single ones, with the start of a kernel in them.
    if runners[index].rounds.count == 1, count > 1 { runners[index].rounds = [] }
    runners[index].rounds.append(taken)
  }

  /// Drops those whose interval lies wholly above the best's, and in later rounds those that could win
  /// nothing worth having.
  private mutating func drop(after round: Int) {
    guard let leader = runners.filter(\.isRunning).min(by: { $0.median < $1.median }),
      let interval = Bootstrap.interval(ofRounds: leader.rounds)
    else { return }
    for index in runners.indices where runners[index].isRunning {
      guard runners[index].form != leader.form,
        let own = Bootstrap.interval(ofRounds: runners[index].rounds)
      else { continue }
      let margin = round < 3 ? 1.1 : 1.02
      if own.lowerBound > interval.upperBound || runners[index].median > margin * leader.median {
        runners[index].dropped = "slower after round \(round)"
      }
    }
  }
}
