import ArgumentParser
import Tessera
import TesseraBench
import TesseraConformance
import TesseraKernels
import TesseraRuntime

/// What `tessera run` tells about one run.
struct RunReport: Encodable {
  struct DeviceReport: Encodable {
    var id: String
    var name: String
    var driver: String
  }
  struct Output: Encodable {
    var name: String
    var dtype: DType
    var shape: Shape
  }

  var schema = 1
  var op: String
  var device: DeviceReport
  var plan: PlanReport
  /// The forward pass that ran before the gradients.
  var forward: PlanReport?
  /// Median device time in milliseconds; host time where the device keeps none.
  var ms: Double
  var timer: String
  var repetitions: Int
  var gflops: Double
  var gbps: Double
  var kernels: KernelStatistics
  var memory: MemoryStatistics
  var outputs: [Output]
  var verified: Bool?
  var error: Verification?

  /// Runs `body` as often as asked, times it, reads and writes the results, verifies, prints.
  /// - Parameters:
  ///   - forward: the plan of work that `body` builds on and that is not timed.
  ///   - before: that work's results, written and verified with those of `body`.
  static func run(
    _ op: String, options: RunOptions, on device: Device, plan: Plan,
    forward: Plan? = nil, before: [(name: String, tensor: Tensor)] = [],
    _ body: () throws(TesseraError) -> [(name: String, tensor: Tensor)],
    verify: ([String: HostTensor]) throws(TesseraError) -> Verification
  ) throws {
    var results: [(name: String, tensor: Tensor)] = []
    var samples: [Double] = []
    var timer = "device"
    for _ in 0..<options.repetitions {
      let started = HostClock.now()
      let event = try device.record(op) { _ throws(TesseraError) in results = try body() }
      if let seconds = try event.deviceSeconds() {
        samples.append(seconds)
      } else {
        try device.synchronize()
        timer = "host"
        samples.append(Double(HostClock.now() - started) * 1e-9)
      }
    }
    let hosts = try (before + results).map { (name: $0.name, tensor: try $0.tensor.host()) }
    let verification =
      options.verify
      ? try verify(Dictionary(hosts.map { ($0.name, $0.tensor) }, uniquingKeysWith: { $1 })) : nil
    try options.files.write(hosts)
    let seconds = Statistics(samples).median
    let report = RunReport(
      op: op, device: .init(id: device.info.id, name: device.info.name, driver: device.info.driver),
      plan: PlanReport(plan), forward: forward.map { PlanReport($0) }, ms: seconds * 1e3, timer: timer, repetitions: options.repetitions,
      gflops: seconds > 0 ? plan.flopsNeeded / seconds * 1e-9 : 0,
      gbps: seconds > 0 ? plan.bytes / seconds * 1e-9 : 0, kernels: device.kernelStatistics,
      memory: device.memoryStatistics,
      outputs: hosts.map { .init(name: $0.name, dtype: $0.tensor.dtype, shape: $0.tensor.shape) },
      verified: verification?.passed, error: verification)
    if options.json { try Console.json(report) } else { report.printText() }
    if let verification, !verification.passed {
      Console.error("error: the result is outside its error bound: \(verification.summary)")
      throw ExitCode(ExitStatus.badData.rawValue)
    }
  }

  private func printText() {
    print("\(op) on \(device.id) (\(device.name))")
    for output in outputs { print("  \(output.name): \(output.dtype)\(output.shape)") }
    print(
      "  kernel \(plan.kernel), schedule \(plan.schedule), scratch \(Format.bytes(plan.scratchBytes))")
    print(
      "  \(Format.number(ms)) ms (\(timer) time, \(repetitions) run\(repetitions == 1 ? "" : "s")), "
        + "\(Format.number(gflops)) GFLOP/s, \(Format.number(gbps)) GB/s")
    if let error { print("  \(error.passed ? "verified" : "FAILED"): \(error.summary)") }
  }
}
