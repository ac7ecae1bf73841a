import ArgumentParser
import Tessera
import TesseraKernels

/// `tessera plan attention`
struct PlanAttention: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attention",
    abstract: "Plans dense attention of a shape, and simulates its tiles.")

  @OptionGroup var attention: DenseAttentionOptions
  @OptionGroup var shape: AttentionShapeOptions
  @Flag(help: "Plan for ALiBi slopes.") var alibi = false
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
        : try AttentionPlanner.plan(
          problem, capabilities, measured: device.measurements(for: .attention(problem), measuring: false))
    }
  }

  private func problem() throws(TesseraError) -> AttentionProblem {
    let tensors = try shape.tensors()
    return try AttentionProblem(
      q: tensors.q, k: tensors.k, v: tensors.v,
      alibi: alibi ? (try Shape([shape.heads.heads]), .f32) : nil, causal: attention.causal,
      alignment: attention.topLeft ? .topLeft : .bottomRight, windowLeft: attention.window.left,
      windowRight: attention.window.right, softCap: attention.softCap, scale: attention.scale)
  }
}
