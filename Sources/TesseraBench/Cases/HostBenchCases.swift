import Tessera
package import TesseraCore
import TesseraReference
import TesseraRuntime

/// The host's cost of one dispatch.
package struct LaunchBenchCase: BenchCase {
  package var count: Int

  package init(count: Int = 4096) { self.count = count }

  package var operation: String { "launch" }
  package var dtype: DType { .u32 }
  package var parameters: [String: BenchRow.Value] { ["count": .int(count)] }
  package var title: String { "\(count) dispatches" }

  package func setup(_ runner: BenchRunner) throws(TesseraError) -> CaseSetup {
    throw .unsupported("launch as an operator")
  }

  package func row(_ runner: BenchRunner) throws(TesseraError) -> BenchRow? {
    guard (1...1_000_000).contains(count) else {
      throw .invalidArgument("count", got: count, allowed: "1...1000000")
    }
    return try LaunchBench.run(on: runner.device, count: count)
  }
}

/// Bytes from the host to the device and back.
package struct TransferBenchCase: BenchCase {
  package var bytes: Int

  package init(bytes: Int) { self.bytes = bytes }

  package var operation: String { "transfer" }
  package var dtype: DType { .u32 }
  package var parameters: [String: BenchRow.Value] { ["bytes": .int(bytes)] }
  package var title: String { "\(bytes >> 10) KiB to the device and back" }

  package func setup(_ runner: BenchRunner) throws(TesseraError) -> CaseSetup {
    throw .unsupported("transfer as an operator")
  }

  /// Host time of writing and of reading back; what comes back must be what went there.
  package func row(_ runner: BenchRunner) throws(TesseraError) -> BenchRow? {
    guard bytes > 0, bytes % 4 == 0, bytes <= 1 << 32 else {
      throw .invalidArgument("bytes", got: bytes, allowed: "multiples of 4 to 2³²")
    }
    let device = runner.device
    var random = SeededRandom(runner.seed)
    var values = [UInt32](repeating: 0, count: bytes / 4)
    for index in values.indices { values[index] = UInt32(truncatingIfNeeded: random.next()) }
    let payload = try HostTensor(values, shape: try Shape([bytes / 4]))
    let tensor = try Tensor(
      uninitialized: try Shape([bytes / 4]), dtype: .u32, on: device)
    let range = try tensor.contiguousRange("data")
    var (up, down): ([Double], [Double]) = ([], [])
    var back: [UInt32] = []
    let started = HostClock.now()
    while up.count < 5 || (up.count < 50 && HostClock.seconds(since: started) < runner.budget.total)
    {
      let begin = HostClock.now()
      try payload.withUnsafeBytes { source throws(TesseraError) in
        try device.context.write(source, to: range)
      }
      try device.synchronize()
      up.append(HostClock.seconds(since: begin))
      let middle = HostClock.now()
      back = try tensor.values(as: UInt32.self)
      down.append(HostClock.seconds(since: middle))
    }
    let info = device.info
    var row = BenchRow(
      op: operation, title: title, case: parameters, dtype: "u32", backend: info.backend.rawValue,
      device: info.name, driver: info.driver, plan: nil, timer: "host", verified: back == values,
      commit: Provenance.commit(), command: Provenance.command(), seed: runner.seed)
    let (there, again) = (Statistics(up), Statistics(down))
    row.ms = there.scaled(by: 1e3)
    row.gbps = Double(bytes) / there.median * 1e-9
    row.note =
      "to the device \(Self.rate(bytes, there.median)) GB/s, back \(Self.rate(bytes, again.median)) GB/s"
    return row
  }

  private static func rate(_ bytes: Int, _ seconds: Double) -> String {
    let tenths = Int((Double(bytes) / seconds * 1e-8).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
}
