import ArgumentParser
import Tessera
import TesseraKernels

/// `tessera plan select-blocks`
struct PlanSelectBlocks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "select-blocks",
    abstract: "Plans a selection of blocks from queries and keys of a shape, or from scores.")

  @OptionGroup var selection: SelectionOptions
  @OptionGroup var shape: AttentionShapeOptions
  @Flag(help: "Plan from given scores, one list per KV head.") var scores = false
  @OptionGroup var device: DeviceOptions
  @Flag(help: "Print one JSON document.") var json = false

  func run() throws {
    let tensors = try shape.tensors()
    let scoring = try selection.scores(q: tensors.q, k: tensors.k, keys: nil)
    var problem = scoring.selection(
      selection.rule, width: selection.width, initialBlocks: selection.initial,
      localBlocks: selection.local)
    let device = try device.open()
    let capabilities = device.context.capabilities
    if scores {
      problem.dtype = shape.dtype
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
  @OptionGroup var shape: AttentionShapeOptions
  @Flag(help: "Plan for keys and values of the window's own.") var ownWindow = false
  @Flag(help: "Plan the gradients.") var backward = false
  @OptionGroup var device: DeviceOptions
  @Flag(help: "Print one JSON document.") var json = false

  func run() throws {
    let tensors = try shape.tensors()
    var problem = try NSAProblem(
      q: tensors.q, k: tensors.k, v: tensors.v,
      gates: (try Shape([shape.batch, shape.queries, shape.heads.heads, 3]), .f32), scale: sizes.scale)
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
