package import Tessera
package import TesseraCore
import TesseraRuntime

/// Something to time.
package struct Contender {
  package var name: String
  /// Runs once, waits for the end and returns the seconds it took by its own timer.
  package var run: () throws(TesseraError) -> Double
  /// Runs a number of times without a pause and returns the seconds of one; nil where that cannot be timed.
  package var runMany: ((Int) throws(TesseraError) -> Double)?
  /// Seconds that asking for one run may cost beside it, as of a child process.
  package var overhead = 0.0
  /// Queues one run without waiting; nil where there is no such way.
  package var record: (() throws(TesseraError) -> Void)?
  /// Whether the time is that of our own device, which counts what it runs: no timer of somebody else's.
  package private(set) var isTimedByDevice = false
  private var waiting: () throws(TesseraError) -> Void

  package init(
    name: String, run: @escaping () throws(TesseraError) -> Double,
    record: (() throws(TesseraError) -> Void)? = nil,
    wait: @escaping () throws(TesseraError) -> Void = { () throws(TesseraError) in }
  ) {
    self.name = name
    self.run = run
    self.record = record
    waiting = wait
  }

  /// One sample: `count` runs without a pause where that can be timed, else one.
  func sample(_ count: Int) throws(TesseraError) -> Double {
    if count > 1, let runMany { return try runMany(count) }
    return try run()
  }

  /// Waits for everything that `record` queued.
  package func wait() throws(TesseraError) { try waiting() }

  /// Work on one of our devices, by device time where the device keeps it.
  package init(
    name: String, on device: Device, _ record: @escaping () throws(TesseraError) -> Void
  ) {
    let many = { (count: Int) throws(TesseraError) -> Double in
      let started = HostClock.now()
      let event = try device.record(name) { _ throws(TesseraError) in
        for _ in 0..<count { try record() }
      }
      if let seconds = try event.deviceSeconds() { return seconds / Double(count) }
      try device.synchronize()
      return HostClock.seconds(since: started) / Double(count)
    }
    self.init(
      name: name, run: { () throws(TesseraError) in try many(1) }, record: record,
      wait: { () throws(TesseraError) in try device.synchronize() })
    runMany = many
    isTimedByDevice = true
  }
}

extension HostClock {
  /// Seconds since an earlier `now()`.
  static func seconds(since start: UInt64) -> Double { Double(now() - start) * 1e-9 }
}
