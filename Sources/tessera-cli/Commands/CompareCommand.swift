import ArgumentParser
import Tessera
import TesseraBench

/// `tessera compare`
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compares two files of bench rows; exit 1 if a row became slower.",
    discussion: """
      Rows of the same operator, case, type, device and version of the definition are compared by their \
      medians. The 95 % interval of the ratio comes from resampling both files' samples by rounds; a row \
      counts as slower only if the whole interval lies beyond the threshold. A row that had a time and has \
      none any more counts as slower.
      """)

  @Argument(help: "Rows before, from bench --json.") var before: String
  @Argument(help: "Rows after.") var after: String
  @Option(help: "Share of time that a row may lose.") var threshold = 0.05
  @Flag(help: "Print one JSON document.") var json = false

  func validate() throws {
    guard threshold >= 0, threshold <= 10 else {
      throw ValidationError("--threshold: got \(threshold), allowed 0...10")
    }
  }

  func run() throws {
    try Self.report(
      BenchComparison(
        from: try BenchFile.read(before), to: try BenchFile.read(after), threshold: threshold),
      json: json)
  }

  static func report(_ comparison: BenchComparison, json: Bool) throws {
    if json {
      try Console.json(comparison)
    } else {
      printText(comparison)
    }
    guard comparison.regressions.isEmpty else {
      Console.error(
        "error: \(comparison.regressions.count) of \(comparison.entries.count) rows became slower")
      throw ExitCode(ExitStatus.regression.rawValue)
    }
  }

  private static func printText(_ comparison: BenchComparison) {
    var table = TextTable([
      "op", "case", "dtype", "device", "before ms", "after ms", "ratio", "95 %", "",
    ])
    for entry in comparison.entries {
      table.add([
        entry.op, entry.title, entry.dtype, entry.device,
        entry.before.map { Format.number($0) } ?? "–", entry.after.map { Format.number($0) } ?? "–",
        entry.ratio.map { Format.fixed($0, 3) } ?? "",
        entry.interval.map { "\(Format.fixed($0[0], 2))–\(Format.fixed($0[1], 2))" } ?? "",
        entry.verdict == .same ? "" : entry.verdict.rawValue,
      ])
    }
    print(table.text)
    if let agreement = comparison.agreement {
      print("\(Format.fixed(agreement * 100, 1)) % of the rows agree within their own intervals")
    }
    for name in comparison.onlyBefore { print("only before: \(name)") }
    for name in comparison.onlyAfter { print("only after: \(name)") }
  }
}
