import ArgumentParser
import Tessera
import TesseraBench
import TesseraCore
import TesseraIO
import TesseraKernels
import TesseraRuntime

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// `tessera tune`
struct TuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Measures which form of a kernel is fastest, and keeps that for later plans.",
    discussion: """
      tessera tune OP --shape … measures the planner's candidates for a problem: gemm, attention or na, with \
      the shapes and options of bench; a suite's name stands for its rows. Each candidate is compared with \
      the f64 oracle between guard bytes before it is timed; then all run in turns, and what is certainly \
      slower drops out. The result goes to tuning/tuning.json in the cache folder, where plans find it: \
      first that of the device, then of its architecture, then of its vendor.

      tessera tune export FILE writes what there is; tessera tune merge FILE… adds files to it; tessera tune \
      show lists it. TESSERA_TUNE=off ignores measurements, on-demand measures what was not measured yet, \
      full measures again.
      """,
    subcommands: [TuneMeasure.self, TuneExport.self, TuneMerge.self, TuneShow.self],
    defaultSubcommand: TuneMeasure.self)
}

/// `tessera tune OP`
struct TuneMeasure: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "measure",
    abstract: "Measures the candidates of problems. The default: its name may be left out.")

  @Argument(help: "Operators or suites: gemm, attention, na, quick, ….") var suites: [String]
  @Option(
    name: .customLong("device"), parsing: .singleValue,
    help: "Device to measure; repeatable. Default: every device but the CPU back-end, which has one form.")
  var devices: [String] = []
  @OptionGroup var cases: BenchCaseOptions
  @Option(help: "Seconds of samples per problem.") var budget = 3.0
  @Option(help: "Rounds in which the candidates' samples are taken.") var rounds = 6
  @Option(help: "Seconds that one run of a candidate may take.") var timeLimit = 20.0
  @Option(help: "Seed of the random data.") var seed: UInt64 = 1
  @Flag(help: "Measure again what was measured before.") var again = false
  @Option(help: "Write the measurements to this database alone; the cache stays as it is.")
  var database: String?
  @Flag(help: "Print the measurements as JSON.") var json = false
  /// The child's part: examines one form of one case.
  @Option(help: .hidden) var probe: String?
  @Option(help: .hidden) var probedCase = 0

  func validate() throws {
    guard !suites.isEmpty else {
      throw ValidationError("tune: got no operator, allowed \(BenchSuite.names.joined(separator: ", "))")
    }
    for suite in suites where !BenchSuite.names.contains(suite) {
      throw ValidationError(
        "tune: got \"\(suite)\", allowed \(BenchSuite.names.joined(separator: ", "))")
    }
    for (name, seconds) in [("--budget", budget), ("--time-limit", timeLimit)] {
      guard seconds > 0, seconds <= 86_400 else {
        throw ValidationError("\(name): got \(seconds), allowed 0...86400 seconds")
      }
    }
    guard (2...100).contains(rounds) else {
      throw ValidationError("--rounds: got \(rounds), allowed 2...100")
    }
    for device in devices { try DeviceOptions.check(device) }
  }

  func run() throws {
    let found =
      devices.isEmpty
      ? Device.list().filter { $0.backend != .cpu } : try devices.map { try Device.find($0) }
    guard !found.isEmpty else { throw TesseraError.unavailable("no OpenCL or Vulkan device to tune for") }
    var entries: [TuningEntry] = []
    for description in found {
      // Cases are read before anything runs.
      let own = try suites.flatMap { try list($0, description) }
      let device = try Device(description)
      if let probe { return try self.probe(probe, own, device) }
      let ceilings = try Ceilings(of: device)
      let progress = ProgressLine(description.id, total: own.count)
      for (index, benchCase) in own.enumerated() {
        guard let problem = try benchCase.tuning() else {
          print("\(description.id) \(benchCase.operation) \(benchCase.title): not run: one form only")
          continue
        }
        guard let entry = try measure(
          problem, device, ceilings, progress, index, benchCase.title)
        else { continue }
        entries.append(entry)
        if database == nil { try device.tunings.add([entry]) }
      }
      progress.finish()
    }
    if let database { try TuneFile.add(entries, to: database) }
    if json {
      print(String(decoding: try TuningStore.json(TuningDatabase(entries: entries)), as: UTF8.self))
    } else if let path = database ?? TuneFile.store.path, !entries.isEmpty {
      print("\(entries.count) measurements in \(path)")
    }
  }

  private func list(_ name: String, _ device: DeviceDescription) throws -> [any BenchCase] {
    if !cases.shape.isEmpty { return try cases.cases(name) }
    return try BenchSuite.named(name).cases(kind: device.kind, dtypes: cases.dtype)
  }

  private func measure(
    _ problem: TuningProblem, _ device: Device, _ ceilings: Ceilings, _ progress: ProgressLine,
    _ index: Int, _ title: String
  ) throws -> TuningEntry? {
    let label = "\(device.info.id) \(problem.tunable.key.operation) \(title)"
    let forms = try problem.candidates(device.context.capabilities).compactMap(\.form)
    let known = device.tunings.database().measurement(
      of: problem.tunable.key, on: device.tuningDevice, forms: forms)
    if !again, database == nil, known != nil {
      print("\(label): measured before")
      return nil
    }
    var limits = Tuner.Limits()
    (limits.seconds, limits.rounds, limits.perRun) = (budget, rounds, timeLimit)
    let screen: Tuner.Screen = { form throws(TesseraError) in
      try self.screen(form, device.info.id, index)
    }
    let tuner = Tuner(
      on: device, limits: limits, seed: seed, ceilings: ceilings, screen: screen)
    let entry = try tuner.measure(problem) { done, count, _ in
      progress.update(index, "\(title), candidate \(done + 1) of \(count)")
    }
    guard let entry else {
      print("\(label): not run: one form only")
      return nil
    }
    if !json { print(TuneTable.line(entry, label)) }
    return entry
  }

  /// Has a process of its own build and examine a form: what crashes or hangs a driver ends that one.
  private func screen(
    _ form: String, _ device: String, _ index: Int
  ) throws(TesseraError) -> String? {
    let limit = 60 + 16 * timeLimit
    let status = try ChildProcess.run(
      CommandLine.arguments + [
        "--device", device, "--probe", form, "--probed-case", "\(index)",
      ], environment: [:], limit: limit)
    switch status {
    case ExitStatus.done.rawValue: return nil
    case ExitStatus.badData.rawValue: return "wrong: a process of its own found it so"
    case 128 + SIGKILL: return "takes more than \(Int(limit)) s to build and examine"
    case 129...: return "ends the process by signal \(status - 128)"
    default: return "is refused with status \(status)"
    }
  }

  private func probe(_ form: String, _ cases: [any BenchCase], _ device: Device) throws {
    guard cases.indices.contains(probedCase), let problem = try cases[probedCase].tuning() else {
      throw ValidationError("--probed-case: got \(probedCase), allowed 0..<\(cases.count)")
    }
    if let reason = try Tuner(on: device, seed: seed).probe(form, of: problem) {
      Console.error(reason)
      throw ExitCode(ExitStatus.badData.rawValue)
    }
  }
}
