import ArgumentParser
import Tessera
import TesseraConformance

/// `tessera selftest`
struct SelftestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "selftest",
    abstract: "Runs random problems on a device and compares them with the f64 oracle.",
    discussion: """
      Every problem is made from its seed alone. Memory around every tensor is filled with NaN \
      beforehand and must be untouched afterwards; a second run must give the same bits. A failure \
      prints its seed: --seed N --count 1, with the same --variants, repeats it.
      """)

  @OptionGroup var devices: DeviceOptions
  @Option(
    help: ArgumentHelp(
      "Operator: \(ConformanceOperator.allCases.map(\.rawValue).joined(separator: ", ")). Repeatable. Default: all."))
  var op: [ConformanceOperator] = []
  @Option(help: "Problems per operator and device.") var count = 300
  @Option(help: "Combinations of types, transposes, head dimensions and kinds of bias; each is a kernel to build.")
  var variants: UInt64 = 24
  @Option(help: "First seed.") var seed: UInt64 = 1
  @Flag(help: "Print one JSON document.") var json = false

  func validate() throws {
    guard variants >= 1 else { throw ValidationError("--variants: got 0, allowed 1 or more") }
    guard (1...100_000_000).contains(count) else {
      throw ValidationError("--count: got \(count), allowed 1...100000000")
    }
  }

  func run() throws {
    let found = devices.device == nil ? Device.list() : [try devices.describe()]
    var reports: [ConformanceRunner.Report] = []
    for description in found {
      let device = try Device(description, configuration: devices.configuration)
      for operation in op.isEmpty ? ConformanceOperator.allCases : op {
        let progress = ProgressLine("\(description.id) \(operation.rawValue)", total: count)
        let report = ConformanceRunner.run(
          operation, seeds: seed..<(seed &+ UInt64(count)), on: device,
          variants: variants, progress: { progress.update($0) })
        progress.finish()
        reports.append(report)
        if !json { print(line(report, device.kernelStatistics)) }
        for failure in report.failures.prefix(5) {
          Console.error("  seed \(failure.seed): \(failure.reason)\n    \(failure.problem)")
        }
      }
    }
    if json { try Console.json(reports) }
    if reports.contains(where: { !$0.failures.isEmpty }) {
      throw ExitCode(ExitStatus.badData.rawValue)
    }
  }

  private func line(
    _ report: ConformanceRunner.Report, _ kernels: KernelStatistics
  ) -> String {
    let passed = report.problems - report.failures.count
    return "\(report.device) \(report.operation.rawValue): \(passed) of \(report.problems) passed, "
      + "largest error \(Format.fixed(report.worstRatio, 3)) of its bound (seed \(report.worstRatioSeed)); "
      + "\(kernels.compiled) kernels compiled, \(kernels.cacheHits) from the cache, "
      + "\(Format.number(kernels.buildSeconds)) s"
  }
}

extension ConformanceOperator: ExpressibleByArgument {}
