package import Tessera
package import TesseraCore
import TesseraRuntime

/// Something to time.
package struct Contender {
  package var name: String
  /// Runs once, waits for the end and returns the seconds it took by its own timer.
  package var run: () throws(TesseraError) -> Double
  /// Queues one run without waiting; nil where there is no such way.
  package var record: (() throws(TesseraError) -> Void)?
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

  /// Waits for everything that `record` queued.
  package func wait() throws(TesseraError) { try waiting() }

  /// Work on one of our devices, by device time where the device keeps it.
  package init(
    name: String, on device: Device, _ record: @escaping () throws(TesseraError) -> Void
  ) {
    self.init(
      name: name,
      run: { () throws(TesseraError) in
        let started = HostClock.now()
        let event = try device.record(name) { _ throws(TesseraError) in try record() }
        if let seconds = try event.deviceSeconds() { return seconds }
        try device.synchronize()
        return HostClock.seconds(since: started)
      }, record: record, wait: { () throws(TesseraError) in try device.synchronize() })
  }
}

extension HostClock {
  /// Seconds since an earlier `now()`.
  static func seconds(since start: UInt64) -> Double { Double(now() - start) * 1e-9 }
}
