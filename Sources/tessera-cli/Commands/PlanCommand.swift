import ArgumentParser
import Tessera
import TesseraConformance
import TesseraKernels

/// `tessera plan OP`
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Says what an operator would run: kernel, tiles, work, without running it.",
    subcommands: [
      PlanGEMM.self, PlanNeighborhood.self, PlanAttention.self, PlanSparseAttention.self,
      PlanPagedDecode.self, PlanPattern.self, PlanSelectBlocks.self, PlanNSA.self,
    ])
}

/// `tessera plan gemm`
struct PlanGEMM: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gemm", abstract: "Plans a matrix product of files or of a shape.")

  @OptionGroup var gemm: GEMMOptions
  @OptionGroup var files: FileOptions
  @OptionGroup var device: DeviceOptions
  @Option(help: "M,N,K or batch,M,N,K, in place of input files.") var shape: IntList?
  @Flag(help: "Print one JSON document.") var json = false

  func run() throws {
    let problem: GEMMProblem
    if let shape {
      problem = try gemm.problem(shape: shape.values, dtype: files.dtype ?? .f32)
    } else {
      let inputs = try files.read()
      problem = try gemm.problem(
        a: try inputs.required("a"), b: try inputs.required("b"), c: inputs["c"],
        bias: inputs["bias"])
    }
    let device = try device.open()
    try PlanPrinter.print(
      try GEMMPlanner.plan(
        problem, device.context.capabilities, refused: [:],
        measured: device.measurements(for: .gemm(problem), measuring: false)), problem, device, json: json)
  }
}

/// Prints a plan, as text or as JSON.
enum PlanPrinter {
  private struct Report<Problem: Encodable>: Encodable {
    var device: String
    var operation: String
    var problem: Problem
    var plan: Plan?
    var summary: PlanReport?
    /// Why there is no plan.
    var missing: String?
    var simulation: SimulationReport?
  }

  static func print(
    _ plan: Plan, _ problem: some Encodable, _ device: Device, json: Bool
  ) throws {
    try print(plan.operation, plan, missing: nil, problem, nil, device, json: json)
  }

  static func print(
    _ operation: String, _ plan: Plan?, missing: String?, _ problem: some Encodable,
    _ simulation: SimulationReport?, _ device: Device, json: Bool
  ) throws {
    let summary = plan.map { PlanReport($0) }
    if json {
      try Console.json(
        Report(
          device: device.info.id, operation: operation, problem: problem, plan: plan,
          summary: summary, missing: missing, simulation: simulation))
      return
    }
    Swift.print("\(operation) on \(device)")
    if let missing { Swift.print("kernel: none: \(missing)") }
    summary?.printText()
    simulation?.printText()
  }
}

extension GEMMOptions {
  /// Describes a product of fresh tensors from `[M, N, K]` or `[batch, M, N, K]`.
  func problem(shape: [Int], dtype: DType) throws(TesseraError) -> GEMMProblem {
    guard shape.count == 3 || shape.count == 4 else {
      throw .invalidArgument("--shape", got: "\(shape)", allowed: "M,N,K or batch,M,N,K")
    }
    let batch = Array(shape.dropLast(3))
    let (m, n, k) = (shape[shape.count - 3], shape[shape.count - 2], shape[shape.count - 1])
    let a = try Shape(batch + (transposeA ? [k, m] : [m, k]))
    let b = try Shape(batch + (transposeB ? [n, k] : [k, n]))
    return try GEMMProblem(
      a: (a, dtype), b: (b, dtype), transposeA: transposeA, transposeB: transposeB, alpha: alpha,
      activation: activation, output: outDtype)
  }
}
