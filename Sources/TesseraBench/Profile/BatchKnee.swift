import Tessera
package import TesseraCore
import TesseraRuntime

/// From which batch size on the device and not the host is the limit.
package struct BatchKnee: Sendable, Codable {
  package struct Point: Sendable, Codable {
    package var batch: Int
    /// Microseconds of device time of one run, and of the host's to record it.
    package var device: Double
    package var host: Double
  }

  package var points: [Point]
  /// The smallest batch at which one run takes the device longer than the host; nil if there is none among
  /// those tried.
  package var knee: Int? { points.first { $0.device >= $0.host }?.batch }

  /// Tries batches of 1, 2, 4, … sequences or products of a case until the device is the limit. nil for
  /// operators that have no batch.
  package init?(
    _ benchCase: any BenchCase, _ runner: BenchRunner, largest: Int = 64
  ) throws(TesseraError) {
    guard case .int = benchCase.parameters["batch"] else { return nil }
    points = []
    var batch = 1
    while batch <= largest {
      var values = benchCase.parameters
      values["batch"] = .int(batch)
      var parameters = CaseParameters(benchCase.operation, values, place: "batch \(batch)")
      let scaled = try parameters.benchCase(benchCase.dtype)
      let setup = try scaled.setup(runner)
      guard setup.subject.operandBytes < runner.device.info.memoryBytes / 4 else { break }
      points.append(try Self.point(batch, scaled, runner))
      if let last = points.last, last.device >= last.host { break }
      batch *= 2
    }
  }

  private static func point(
    _ batch: Int, _ benchCase: any BenchCase, _ runner: BenchRunner
  ) throws(TesseraError) -> Point {
    let device = runner.device
    let run = try CaseRun(benchCase, runner)
    let contender = Contender(name: "run", on: device) { () throws(TesseraError) in try run.run(1) }
    let time = try Warmup.run(contender, seconds: 0.05)
    var costs: [Double] = []
    for _ in 0..<8 {
      let started = HostClock.now()
      try run.run(1)
      costs.append(HostClock.seconds(since: started))
      try device.synchronize()
    }
    return Point(batch: batch, device: time * 1e6, host: Statistics(costs).median * 1e6)
  }
}
