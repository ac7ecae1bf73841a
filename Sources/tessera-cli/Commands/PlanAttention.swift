import ArgumentParser
import Tessera
import TesseraKernels

/// `tessera plan attention`
struct PlanAttention: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attention",
    abstract: "Plans dense attention of a shape, and simulates its tiles.")

  @OptionGroup var attention: DenseAttentionOptions
  @Option(help: "Sequences.") var batch = 1
  @Option(help: "Queries per sequence.") var queries: Int
  @Option(help: "Keys per sequence. Default: as many as queries.") var keys: Int?
  @Option(help: "Query heads.") var heads = 1
  @Option(help: "Heads of k and v; divides --heads. Default: --heads.") var kvHeads: Int?
  @Option(help: "Length of a query and of a key.") var headDim = 64
  @Option(help: "Length of a value. Default: --head-dim.") var valueDim: Int?
  @Flag(help: "Plan for ALiBi slopes.") var alibi = false
  @Option(help: "Element type of q, k and v: f32, f16 or bf16.") var dtype: DType = .f32
  @OptionGroup var device: DeviceOptions
  @OptionGroup var simulation: SimulationOptions
  @Flag(help: "Print one JSON document.") var json = false

  func run() throws {
    let problem = try self.problem()
    let device = try device.open()
    let capabilities = device.context.capabilities
    let backward = simulation.backward
    try simulation.report(
      backward ? "attention-backward" : "attention", problem, NeighborhoodSimulator(problem),
      on: device, json: json
    ) { () throws(TesseraError) in
      backward
        ? try AttentionPlanner.planBackward(problem, capabilities)
        : try AttentionPlanner.plan(problem, capabilities)
    }
  }

  private func problem() throws(TesseraError) -> AttentionProblem {
    let (kvHeads, keys) = (kvHeads ?? heads, keys ?? queries)
    return try AttentionProblem(
      q: (try Shape([batch, queries, heads, headDim]), dtype),
      k: (try Shape([batch, keys, kvHeads, headDim]), dtype),
      v: (try Shape([batch, keys, kvHeads, valueDim ?? headDim]), dtype),
      alibi: alibi ? (try Shape([heads]), .f32) : nil, causal: attention.causal,
      alignment: attention.topLeft ? .topLeft : .bottomRight, windowLeft: attention.window.left,
      windowRight: attention.window.right, softCap: attention.softCap, scale: attention.scale)
  }
}
