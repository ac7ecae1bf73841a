import ArgumentParser
import Tessera
import TesseraKernels

/// `tessera plan select-blocks`
struct PlanSelectBlocks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "select-blocks",
    abstract: "Plans a selection of blocks from queries and keys of a shape, or from scores.")

  @OptionGroup var selection: SelectionOptions
  @Option(help: "Sequences.") var batch = 1
  @Option(help: "Queries per sequence.") var queries: Int
  @Option(help: "Keys per sequence. Default: as many as queries.") var keys: Int?
  @Option(help: "Query heads.") var heads = 1
  @Option(help: "Heads of k; divides --heads. Default: --heads.") var kvHeads: Int?
  @Option(help: "Length of a query and of a key.") var headDim = 64
  @Flag(help: "Plan from given scores, one list per KV head.") var scores = false
  @Option(help: "Element type of q and k, or of scores: f32, f16 or bf16.") var dtype: DType = .f32
  @OptionGroup var device: DeviceOptions
  @Flag(help: "Print one JSON document.") var json = false

  func run() throws {
    let (kvHeads, keys) = (kvHeads ?? heads, keys ?? queries)
    let scoring = try selection.scores(
      q: (try Shape([batch, queries, heads, headDim]), dtype),
      k: (try Shape([batch, keys, kvHeads, headDim]), dtype), keys: nil)
    var problem = scoring.selection(
      selection.rule, width: selection.width, initialBlocks: selection.initial,
      localBlocks: selection.local)
    let device = try device.open()
    let capabilities = device.context.capabilities
    if scores {
      problem.dtype = dtype
      try PlanPrinter.print(
        try SelectPlanner.plan(problem, capabilities), problem, device, json: json)
    } else {
      try PlanPrinter.print(
        try BlockScorePlanner.plan(scoring, selecting: problem, capabilities), problem, device,
        json: json)
    }
  }
}

/// `tessera plan nsa`
struct PlanNSA: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "nsa", abstract: "Plans native sparse attention of a shape.")

  @OptionGroup var sizes: NSACommandOptions
  @Option(help: "Sequences.") var batch = 1
  @Option(help: "Queries per sequence.") var queries: Int
  @Option(help: "Keys per sequence. Default: as many as queries.") var keys: Int?
  @Option(help: "Query heads.") var heads = 1
  @Option(help: "Heads of k and v; divides --heads. Default: --heads.") var kvHeads: Int?
  @Option(help: "Length of a query and of a key.") var headDim = 64
  @Option(help: "Length of a value. Default: --head-dim.") var valueDim: Int?
  @Flag(help: "Plan for keys and values of the window's own.") var ownWindow = false
  @Flag(help: "Plan the gradients.") var backward = false
  @Option(help: "Element type: f32, f16 or bf16.") var dtype: DType = .f32
  @OptionGroup var device: DeviceOptions
  @Flag(help: "Print one JSON document.") var json = false

  func run() throws {
    let (kvHeads, keys) = (kvHeads ?? heads, keys ?? queries)
    var problem = try NSAProblem(
      q: (try Shape([batch, queries, heads, headDim]), dtype),
      k: (try Shape([batch, keys, kvHeads, headDim]), dtype),
      v: (try Shape([batch, keys, kvHeads, valueDim ?? headDim]), dtype),
      gates: (try Shape([batch, queries, heads, 3]), .f32), scale: sizes.scale)
    sizes.set(&problem)
    problem.ownWindow = ownWindow && sizes.window > 0
    let device = try device.open()
    let capabilities = device.context.capabilities
    try PlanPrinter.print(
      backward
        ? try NSAPlanner.planBackward(problem, capabilities)
        : try NSAPlanner.plan(problem, capabilities), problem, device, json: json)
  }
}
