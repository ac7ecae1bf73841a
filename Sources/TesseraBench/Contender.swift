package import Tessera
package import TesseraCore
import TesseraRuntime

/// Something to time: one execution at a time, in seconds.
package struct Contender {
  package var name: String
  /// Runs once, waits for the end and returns the seconds it took by its own timer.
  package var run: () throws(TesseraError) -> Double

  /// Runs a number of times without a pause and returns the seconds of one; nil where that cannot be timed.
  package var runMany: ((Int) throws(TesseraError) -> Double)?

  package init(name: String, run: @escaping () throws(TesseraError) -> Double) {
    self.name = name
    self.run = run
  }

  /// One sample: `count` runs without a pause where that can be timed, else one.
  func sample(_ count: Int) throws(TesseraError) -> Double {
    if count > 1, let runMany { return try runMany(count) }
    return try run()
  }

  /// Work on one of our devices, by device time where the device keeps it.
  package init(
    name: String, on device: Device, _ record: @escaping () throws(TesseraError) -> Void
  ) {
    let many = { (count: Int) throws(TesseraError) -> Double in
      // All are queued before the first is waited for; each is timed by itself, so that the host's time
      // for a launch does not count.
      let started = HostClock.now()
      var events: [Event] = []
      for _ in 0..<count {
        events.append(try device.record(name) { _ throws(TesseraError) in try record() })
      }
      var total = 0.0
      for event in events {
        guard let seconds = try event.deviceSeconds() else {
          try device.synchronize()
          return Double(HostClock.now() - started) * 1e-9 / Double(count)
        }
        total += seconds
      }
      return total / Double(count)
    }
    self.init(name: name) { () throws(TesseraError) in try many(1) }
    runMany = many
  }
}

/// Times contenders against each other in one run.
package enum Measurement {
  /// How long to warm up and to measure.
  package struct Budget: Sendable {
    /// Seconds of work before the first sample of each contender: a GPU's clock needs half a second to
    /// rise, and the first runs build and page in.
    package var warmup: Double
    /// Seconds for all samples of all contenders.
    package var total: Double
    package var minimumSamples: Int
    package var maximumSamples: Int

    package init(
      warmup: Double, total: Double, minimumSamples: Int = 5, maximumSamples: Int = 200
    ) {
      self.warmup = warmup
      self.total = total
      self.minimumSamples = minimumSamples
      self.maximumSamples = maximumSamples
    }

    /// What suits the device's kind.
    package static func standard(for device: Device, seconds: Double? = nil) -> Budget {
      device.info.kind == "gpu"
        ? Budget(warmup: 0.6, total: seconds ?? 2) : Budget(warmup: 0.2, total: seconds ?? 3)
    }
  }

  /// Most runs of one sample: they are recorded together.
  private static let maximumRuns = 64

  /// Samples of each contender in seconds, taken in turns so that a slow spell of the machine hits all.
  /// - Parameter span: seconds that the runs of one sample take together where they can be timed so: the
  ///   device is then as warm as in real use, where the next kernel is already queued.
  package static func interleaved(
    _ contenders: [Contender], budget: Budget, span: Double? = nil
  ) throws(TesseraError) -> [[Double]] {
    var round = 0.0
    var counts: [Int] = []
    for contender in contenders {
      let started = HostClock.now()
      var last = 0.0
      repeat { last = try contender.run() } while seconds(since: started) < budget.warmup
      let count = span.map { max(1, min(maximumRuns, Int($0 / max(last, 1e-6)))) } ?? 1
      if count > 1 { last = try contender.sample(count) }
      counts.append(count)
      round += last * Double(count)
    }
    // Where one round alone takes longer than all samples should, three of them must do.
    let minimum = round > budget.total ? min(3, budget.minimumSamples) : budget.minimumSamples
    var samples: [[Double]] = contenders.map { _ in [] }
    let started = HostClock.now()
    while samples[0].count < budget.maximumSamples {
      for (index, contender) in contenders.enumerated() { samples[index].append(try contender.sample(counts[index])) }
      if samples[0].count >= minimum, seconds(since: started) > budget.total { break }
    }
    return samples
  }

  private static func seconds(since start: UInt64) -> Double {
    Double(HostClock.now() - start) * 1e-9
  }
}
