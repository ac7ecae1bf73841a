package import Tessera
package import TesseraCore
import TesseraRuntime

/// Something to time: one execution at a time, in seconds.
package struct Contender {
  package var name: String
  /// Runs once, waits for the end and returns the seconds it took by its own timer.
  package var run: () throws(TesseraError) -> Double

  package init(name: String, run: @escaping () throws(TesseraError) -> Double) {
    self.name = name
    self.run = run
  }

  /// Work on one of our devices, by device time where the device keeps it.
  package init(
    name: String, on device: Device, _ record: @escaping () throws(TesseraError) -> Void
  ) {
    self.init(name: name) { () throws(TesseraError) in
      let started = HostClock.now()
      let event = try device.record(name) { _ throws(TesseraError) in try record() }
      if let seconds = try event.deviceSeconds() { return seconds }
      try device.synchronize()
      return Double(HostClock.now() - started) * 1e-9
    }
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

  /// Samples of each contender in seconds, taken in turns so that a slow spell of the machine hits all.
  package static func interleaved(
    _ contenders: [Contender], budget: Budget
  ) throws(TesseraError) -> [[Double]] {
    var round = 0.0
    for contender in contenders {
      let started = HostClock.now()
      var last = 0.0
      repeat { last = try contender.run() } while seconds(since: started) < budget.warmup
      round += last
    }
    // Where one round alone takes longer than all samples should, three of them must do.
    let minimum = round > budget.total ? min(3, budget.minimumSamples) : budget.minimumSamples
    var samples: [[Double]] = contenders.map { _ in [] }
    let started = HostClock.now()
    while samples[0].count < budget.maximumSamples {
      for (index, contender) in contenders.enumerated() { samples[index].append(try contender.run()) }
      if samples[0].count >= minimum, seconds(since: started) > budget.total { break }
    }
    return samples
  }

  private static func seconds(since start: UInt64) -> Double {
    Double(HostClock.now() - start) * 1e-9
  }
}
