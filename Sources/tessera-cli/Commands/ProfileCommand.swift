import ArgumentParser
import Tessera
import TesseraBench
import TesseraIO
import TesseraRuntime

/// `tessera profile`
struct ProfileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile",
    abstract: "Traces an operator, a suite or a program, and says what launching costs.",
    discussion: """
      Writes a trace that Perfetto (ui.perfetto.dev) and chrome://tracing read: a host track with each \
      command as it was recorded, a device track with its time, labels and bytes. Prints the total \
      launch and queue time, kernel time, idle share, the kernels by time and, for one operator with \
      --shape, the batch from which the device and not the host is the limit.

      With a program: tessera profile --out trace.json --program -- ./mine arguments. Any program that uses \
      the library can be traced so; it sets TESSERA_TRACE.
      """)

  @Argument(
    help: ArgumentHelp(
      "A suite or an operator; with --program a program and, after --, its arguments.",
      valueName: "what"))
  var what: [String] = []
  @Flag(help: "Run a program, which follows with its arguments.") var program = false
  @OptionGroup var device: DeviceOptions
  @OptionGroup var cases: BenchCaseOptions
  @Option(help: "Runs of each case.") var runs = 20
  @Option(help: "Write the trace to this file.") var out: String?
  @Flag(help: "Print one JSON document.") var json = false

  private struct Report: Encodable {
    var device: String
    var profile: LaunchProfile
    var knee: BatchKnee?
    var kneeBatch: Int?
  }

  func validate() throws {
    guard let first = what.first else { throw ValidationError("profile: got nothing to run") }
    guard program || BenchSuite.names.contains(first) && what.count == 1 else {
      throw ValidationError(
        "profile: got \"\(what.joined(separator: " "))\", allowed one of \(BenchSuite.names.joined(separator: ", ")), "
          + "or --program and a program")
    }
    guard (1...100_000).contains(runs) else {
      throw ValidationError("--runs: got \(runs), allowed 1...100000")
    }
  }

  func run() throws {
    if program {
      let path = out ?? TemporaryPath.make("tessera-trace")
      defer { if out == nil { TemporaryPath.remove(path) } }
      let status = try ChildProcess.run(what, environment: ["TESSERA_TRACE": path])
      guard status == 0 else {
        throw TesseraError.io(path: what[0], reason: "ended with status \(status)")
      }
      let trace = try BenchFile.bytes(path)
      guard !trace.isEmpty else {
        throw TesseraError.malformed(what[0], reason: "it opened no device of this library")
      }
      try print(Report(device: "program", profile: LaunchProfile(trace: trace), knee: nil))
      return
    }
    let device = try device.open()
    let runner = try BenchRunner(device: device, seconds: 0.1, peers: false, ceilings: .unknown)
    let list =
      cases.shape.isEmpty
      ? try BenchSuite.named(what[0]).cases(kind: device.info.kind, dtypes: cases.dtype)
      : try cases.cases(what[0])
    let knee = try cases.shape.isEmpty ? nil : list.first.flatMap { try BatchKnee($0, runner) }
    // Built and paged in before the trace begins.
    let prepared = try list.map { try CaseRun($0, runner) }
    device.startTrace()
    for run in prepared { try run.run(runs) }
    let trace = Array(try device.stopTrace().utf8)
    if let out { try AtomicFile.write(trace, to: out) }
    try print(
      Report(
        device: device.info.id, profile: try LaunchProfile(trace: trace), knee: knee,
        kneeBatch: knee?.knee))
  }

  private func print(_ report: Report) throws {
    if json { return try Console.json(report) }
    let p = report.profile
    Swift.print("\(report.device): \(p.commands) commands")
    Swift.print(
      "  launch and queue \(Format.number(p.launchAndQueueMs)) ms in all, "
        + "\(Format.number(p.launchAndQueueMs / Double(max(p.commands, 1)) * 1e3)) µs each")
    Swift.print(
      "  kernels \(Format.number(p.kernelMs)) ms of \(Format.number(p.spanMs)) ms, idle "
        + "\(Format.fixed(p.idleShare * 100, 1)) %; recording took \(Format.number(p.recordMs)) ms")
    for kernel in p.kernels.prefix(12) {
      Swift.print(
        "  \(Format.fixed(kernel.share * 100, 1)) %  \(kernel.name): \(kernel.count) × "
          + "\(Format.number(kernel.ms / Double(max(kernel.count, 1)) * 1e3)) µs")
    }
    guard let knee = report.knee else { return }
    for point in knee.points {
      Swift.print(
        "  batch \(point.batch): device \(Format.number(point.device)) µs, host \(Format.number(point.host)) µs"
      )
    }
    Swift.print(
      knee.knee.map { "  from batch \($0) on the device is the limit" }
        ?? "  the host is the limit at every batch tried")
  }
}
