import ArgumentParser
import Tessera
import TesseraBench

/// `tessera explain`
struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Says what bounds each row, and what would change that.",
    discussion: """
      Takes rows from a file of bench --json, or measures a suite or an operator. Verdicts: bandwidth, \
      arithmetic, tile waste (tiles do more than is needed), launch (the host is the limit), latency \
      (nothing is full). Shares are of the measured time, at ceilings measured in the same run.
      """)

  @Argument(help: "FILE.jsonl, or a suite or an operator.") var what: String
  @OptionGroup var device: DeviceOptions
  @OptionGroup var cases: BenchCaseOptions
  @Option(help: "Seconds of samples per row.") var budget = 0.5
  @Flag(help: "Print one JSON document.") var json = false

  func validate() throws {
    guard BenchSuite.names.contains(what) || what.contains(".") else {
      throw ValidationError(
        "explain: got \"\(what)\", allowed a file of rows or one of \(BenchSuite.names.joined(separator: ", "))"
      )
    }
    guard budget > 0, budget <= 3600 else {
      throw ValidationError("--budget: got \(budget), allowed 0...3600 seconds")
    }
  }

  func run() throws {
    let explanations = try rows().compactMap { Explanation($0) }
    if json { return try Console.json(explanations) }
    for e in explanations {
      print("\(e.op) \(e.title) \(e.dtype) on \(e.device): \(e.verdict.rawValue)")
      print("  \(e.reason)")
      print("  \(e.advice)")
    }
  }

  private func rows() throws -> [BenchRow] {
    guard BenchSuite.names.contains(what) else { return try BenchFile.read(what) }
    let device = try device.open()
    let runner = try BenchRunner(device: device, seconds: budget, peers: false)
    let list =
      cases.shape.isEmpty
      ? try BenchSuite.named(what).cases(kind: device.info.kind, dtypes: cases.dtype)
      : try cases.cases(what)
    let progress = ProgressLine(device.info.id, total: list.count * (1 + runner.budget.rounds))
    let rows = try BenchQueue(list, runner).rows { progress.update($0.done, $0.title) }.rows
    progress.finish()
    return rows
  }
}
