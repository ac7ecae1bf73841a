import ArgumentParser
import Tessera
import TesseraBench
import TesseraIO
import TesseraRuntime

/// `tessera bench`
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Verifies and times operators, beside other libraries in the same run.",
    discussion: """
      Suites: \(BenchSuite.names.joined(separator: ", ")); launch, the host's cost of one dispatch; or a \
      file NAME.json of the same form as those in Benchmarks/suites.

      Every row is verified before it is timed: random data between guard bytes, outputs full of NaN, the \
      f64 oracle, new data behind the same pointers, every input varied alone; the device counts the \
      dispatches. The ceilings that rows are compared with are measured in the same run. Peers run in \
      turns with a row on the same data: for gemm the naive kernel, PyTorch (NVIDIA; TESSERA_PYTHON names \
      the interpreter), CLBlast (OpenCL) and OpenBLAS (CPU), where installed; for attention and na \
      PyTorch's scaled_dot_product_attention (sdpa), and its compiled FlexAttention (flex) for na; for na \
      and attention over lists our own dense attention over the same tokens; for lists what is done for them alone (lists), \
      and both schedules (query, kv). Times are medians of device time over rounds with their 95 % \
      intervals. Without --shape a suite runs its own list.
      """)

  @Argument(help: "Suites, or files of suites.") var suites: [String]
  @Option(name: .customLong("device"), parsing: .singleValue, help: "Device to measure; repeatable. Default: every device.")
  var devices: [String] = []
  @OptionGroup var cases: BenchCaseOptions
  @Option(help: "Seconds of samples per row. Default: the suite's, else 2 on GPUs, 3 elsewhere.") var budget: Double?
  @Option(help: "Rounds in which a row's samples are taken, other rows between.") var rounds = 3
  @Option(help: "Seconds for everything; what does not fit is left out and named. Default: the suite's, else none.")
  var limit: Double?
  @Option(help: "offline: runs follow each other; server: latencies of requests at random, too.")
  var arrivals: Arrivals = .offline
  @Option(help: "Seed of the random data.") var seed: UInt64 = 1
  @Flag(inversion: .prefixedNo, help: "Run the naive kernel, other libraries and dense attention beside ours.") var peers = true
  @Option(help: "Run only this peer (naive, torch, clblast, openblas; sdpa, flex). Repeatable.") var peer: [String] = []
  @Flag(help: "gemm: time every plan of the chosen one's tier beside it.") var candidates = false
  @Flag(inversion: .prefixedNo, help: "na: run dense attention beside ours.") var dense = true
  @Option(help: "Write one JSON line per row to this file.") var json: String?
  @Option(help: "Write one self-contained page with plots and the table to this file.") var html: String?
  @Option(help: "Write the roofline plot to this file.") var svg: String?
  @Option(help: "Compare with the rows of this file, as tessera compare does; exit 1 if a row is slower.")
  var compare: String?

  func validate() throws {
    guard !suites.isEmpty else {
      throw ValidationError("bench: got no suite, allowed \(BenchSuite.names.joined(separator: ", "))")
    }
    for (name, seconds) in [("--budget", budget), ("--limit", limit)] {
      if let seconds, !(seconds > 0 && seconds <= 86_400) {
        throw ValidationError("\(name): got \(seconds), allowed 0...86400 seconds")
      }
    }
    guard (1...100).contains(rounds) else {
      throw ValidationError("--rounds: got \(rounds), allowed 1...100")
    }
    for suite in suites where !suite.hasSuffix(".json") && suite != "launch" {
      guard BenchSuite.names.contains(suite) else {
        throw ValidationError(
          "suite: got \"\(suite)\", allowed \((BenchSuite.names + ["launch"]).joined(separator: ", ")) "
            + "or a file NAME.json")
      }
    }
    for device in devices { try DeviceOptions.check(device) }
  }

  func run() throws {
    let started = HostClock.now()
    let found = devices.isEmpty ? Device.list() : try devices.map { try Device.find($0) }
    // Suites are read and their cases made before anything runs.
    let chosen = try suites.map { ($0, try Self.suite($0)) }
    let seconds = budget ?? chosen.compactMap { $0.1?.seconds }.min()
    let limit = limit ?? (chosen.allSatisfy { $0.1?.limit != nil } ? chosen.compactMap { $0.1?.limit }.max() : nil)
    let peers = peers && chosen.contains { $0.1?.peers != false }
    let earlier = try compare.map { try BenchFile.read($0) }
    var rows: [BenchRow] = []
    var leftOut: [String] = []
    // With little time the device that needs no compiler goes first: what it leaves over is the others'.
    let ordered = limit == nil ? found : found.filter { $0.backend == .cpu } + found.filter { $0.backend != .cpu }
    for (index, description) in ordered.enumerated() {
      let own = try chosen.flatMap { try list($0.0, $0.1, description) }
      let device = try Device(description, configuration: .commandLine)
      // Every dispatch is waited for and compared: no time would mean anything.
      guard device.bounds != .validate else {
        throw ValidationError("TESSERA_BOUNDS: got \"validate\", allowed off or enforce for bench")
      }
      let runner = try BenchRunner(
        device: device, seconds: seconds, rounds: rounds, peers: peers,
        onlyPeers: peer.isEmpty ? nil : Set(peer), candidates: candidates, dense: dense,
        arrivals: arrivals, seed: seed)
      // Devices share the time evenly; the last fifth is for the rows that are under way.
      let deadline = limit.map {
        started + UInt64($0 * 0.8e9 * Double(index + 1) / Double(found.count))
      }
      let progress = ProgressLine(description.id, total: own.count * (1 + rounds))
      let result = try BenchQueue(own, runner, deadline: deadline).rows { step in
        progress.update(step.done, step.title)
      }
      progress.finish()
      rows += result.rows
      leftOut += result.leftOut.map { "\(description.id) \($0)" }
    }
    print(BenchTable.text(rows))
    for title in leftOut { print("not run: \(title): no time left of --limit") }
    if let json { try BenchFile.write(rows, to: json) }
    if let html { try AtomicFile.write(Array(BenchPage(rows).html.utf8), to: html) }
    if let svg { try AtomicFile.write(Array(RooflinePlot(rows).svg(standalone: true).utf8), to: svg) }
    if rows.contains(where: { !$0.verified }) {
      Console.error("error: rows failed verification")
      throw ExitCode(ExitStatus.badData.rawValue)
    }
    if let earlier { try CompareCommand.report(BenchComparison(from: earlier, to: rows), json: false) }
  }

  private static func suite(_ name: String) throws -> BenchSuite? {
    if name == "launch" { return nil }
    guard name.hasSuffix(".json") else { return try BenchSuite.named(name) }
    return try BenchSuite(json: try BenchFile.bytes(name), name: name)
  }

  private func list(
    _ name: String, _ suite: BenchSuite?, _ device: DeviceDescription
  ) throws -> [any BenchCase] {
    guard let suite else { return [LaunchBenchCase()] }
    return cases.shape.isEmpty
      ? try suite.cases(kind: device.kind, dtypes: cases.dtype) : try cases.cases(name)
  }
}

extension Arrivals: ExpressibleByArgument {}
