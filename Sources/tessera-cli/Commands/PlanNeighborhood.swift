import ArgumentParser
import Tessera
import TesseraConformance
import TesseraKernels

/// `tessera plan na`
struct PlanNeighborhood: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "na",
    abstract: "Plans neighborhood attention over files or a shape, and simulates its tiles.",
    discussion: """
      Without input files, --shape gives q; --kv-heads, --value-dim, --keys, --extra-keys, --bias and \
      --key-mask give what differs from it.
      """)

  @OptionGroup var na: NeighborhoodOptions
  @OptionGroup var files: FileOptions
  @OptionGroup var device: DeviceOptions
  @OptionGroup var simulation: SimulationOptions
  @Option(help: "B,X..,H,D in place of input files; k and v have the same shape.") var shape: IntList?
  @Option(help: "With --shape: heads of k and v. Default: H.") var kvHeads: Int?
  @Option(help: "With --shape: length of a value. Default: D.") var valueDim: Int?
  @Option(help: "With --shape: X.. of k and v, if they lie on another grid.") var keys: IntList?
  @Option(help: "With --shape: number of additional keys.") var extraKeys = 0
  @Flag(help: "With --shape: plan for a relative-position bias.") var bias = false
  @Flag(help: "With --shape: plan for a key mask.") var keyMask = false
  @Flag(help: "Print one JSON document.") var json = false

  func run() throws {
    let problem: NeighborhoodProblem
    if let shape {
      problem = try self.problem(shape.values)
    } else {
      problem = try na.inputs(try files.read(single: ["bias"])).problem
    }
    let device = try device.open()
    let capabilities = device.context.capabilities
    let backward = simulation.backward
    try simulation.report(
      backward ? "na-backward" : "na", problem, NeighborhoodSimulator(problem), on: device,
      json: json
    ) { () throws(TesseraError) in
      backward
        ? try NeighborhoodPlanner.planBackward(problem, capabilities)
        : try NeighborhoodPlanner.plan(
          problem, capabilities, measured: device.measurements(for: .neighborhood(problem), measuring: false))
    }
  }

  /// The problem of fresh tensors.
  private func problem(_ q: [Int]) throws(TesseraError) -> NeighborhoodProblem {
    guard (4...6).contains(q.count) else {
      throw .invalidArgument(
        "--shape", got: "\(q)", allowed: "B,X..,H,D with one to three token axes")
    }
    let dtype = files.dtype ?? .f32
    func tensor(_ dimensions: [Int], _ type: DType) throws(TesseraError) -> (
      shape: Shape, dtype: DType
    ) {
      (try Shape(dimensions), type)
    }
    let (batch, heads, headDim) = (q[0], q[q.count - 2], q[q.count - 1])
    let lengths = [batch] + (keys?.values ?? Array(q[1..<(q.count - 2)]))
    let kvHeads = kvHeads ?? heads
    let valueDim = valueDim ?? headDim
    let extra = extraKeys > 0
    // One window serves all axes; what fits neither is refused by the problem itself.
    let windows = na.window.values.count == 1 ? q.dropLast(3).map { _ in na.window.values[0] } : na.window.values
    return try NeighborhoodProblem(
      q: tensor(q, dtype), k: tensor(lengths + [kvHeads, headDim], dtype),
      v: tensor(lengths + [kvHeads, valueDim], dtype),
      extraK: extra ? tensor([batch, extraKeys, kvHeads, headDim], dtype) : nil,
      extraV: extra ? tensor([batch, extraKeys, kvHeads, valueDim], dtype) : nil,
      bias: bias ? tensor([heads] + windows.map { $0 > Int.max / 2 ? Int.max : 2 * $0 - 1 }, .f32) : nil,
      keyMask: keyMask ? tensor(lengths, .bool) : nil, circular: na.circularFlags,
      window: na.window.values, stride: na.stride.values, dilation: na.dilation.values,
      causal: na.causalFlags, scale: na.scale)
  }
}
