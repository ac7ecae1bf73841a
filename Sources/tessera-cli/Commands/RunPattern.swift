import ArgumentParser
import Tessera
import TesseraBench
import TesseraConformance
import TesseraIO
import TesseraKernels

/// `tessera run pattern`
struct RunPattern: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pattern",
    abstract: "Lists of key blocks by rule, made on the device",
    discussion: """
      Takes no inputs. Outputs: indices [B, Hl, R, W], ascending and then −1, and counts [B, Hl, R], i32: \
      the lists of tessera run sparse-attention.
      """)

  @OptionGroup var pattern: PatternOptions
  @OptionGroup var options: RunOptions
  @Option(help: "Draw the first list to this file: rows of queries over blocks of keys.") var svg: String?

  func run() throws {
    let problem = try pattern.problem()
    let (columns, slashes) = (
      try pattern.lines(pattern.columns, "--columns"), try pattern.lines(pattern.slashes, "--slashes")
    )
    let device = try options.device.open()
    let plan = try device.preparedPlan(problem).plan
    let columnTensor = try columns.map { try Tensor($0, on: device) }
    let slashTensor = try slashes.map { try Tensor($0, on: device) }
    var drawn: [[Int]] = []
    try RunReport.run("pattern", options: options, on: device, plan: plan) {
      () throws(TesseraError) in
      let lists = try device.pattern(
        heads: problem.patterns, queries: problem.queries, keys: problem.keys,
        queryBlock: problem.queryBlock, keyBlock: problem.keyBlock, batch: problem.batch,
        alignment: problem.topLeft ? .topLeft : .bottomRight, columns: columnTensor,
        slashes: slashTensor)
      drawn = []
      if svg != nil {
        let entries = try lists.indices.values(as: Int32.self)
        let rows = lists.indices.shape[lists.indices.shape.rank - 2]
        for row in 0..<rows {
          drawn.append(entries[(row * problem.width)..<((row + 1) * problem.width)].map { Int($0) })
        }
      }
      return [("indices", lists.indices)] + (lists.counts.map { [("counts", $0)] } ?? [])
    } verify: { results throws(TesseraError) in
      Verifier.pattern(
        problem, width: problem.width, columns: columns, slashes: slashes,
        indices: try results.required("indices"), counts: try results.required("counts"))
    }
    guard let svg else { return }
    let blocks = (problem.keys + problem.keyBlock - 1) / max(problem.keyBlock, 1)
    try AtomicFile.write(Array(MaskPicture(rows: drawn, columns: blocks).svg.utf8), to: svg)
  }
}

/// `tessera plan pattern`
struct PlanPattern: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pattern", abstract: "Plans lists of key blocks by rule.")

  @OptionGroup var pattern: PatternOptions
  @OptionGroup var device: DeviceOptions
  @Flag(help: "Print one JSON document.") var json = false

  func run() throws {
    let problem = try pattern.problem()
    let device = try device.open()
    try PlanPrinter.print(
      try PatternPlanner.plan(problem, device.context.capabilities), problem, device, json: json)
  }
}
