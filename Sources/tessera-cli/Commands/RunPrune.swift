public import ArgumentParser
public import Tessera
import TesseraConformance
import TesseraCore
import TesseraKernels

extension PruningFormat.Tiles: ExpressibleByArgument {}

/// `tessera run prune`
struct RunPrune: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune",
    abstract: "Keys or values packed with their largest elements alone",
    discussion: """
      Input: x [B, N, H, D], N a multiple of 64 and so is D. Of every vector D - floor(sparsity·D) + 1 elements \
      stay. Outputs: bitmaps [B, H, N/64, D] (u64), offsets [B, H, N/64, D + 1] (i32), values \
      [B, H, N/64, capacity]. With --unprune these are the inputs, and x is the output.
      """)

  @Option(help: "What is packed: keys or values.") var tiles: PruningFormat.Tiles
  @Option(help: "Share of the elements of a vector that goes, 0 to 1.") var sparsity = 0.7
  @Flag(help: "Make packed vectors whole.") var unprune = false
  @OptionGroup var options: RunOptions

  func run() throws {
    let format = PruningFormat(tiles, sparsity: sparsity)
    let tensors = try options.files.read()
    let device = try options.device.open()
    guard unprune else {
      let x = try tensors.required("x")
      let problem = try PruningProblem(x: (x.shape, x.dtype), format, unpacking: false)
      let tensor = try Tensor(x, on: device)
      try RunReport.run(
        "prune", options: options, on: device, plan: try device.preparedPlan(problem).plan
      ) { () throws(TesseraError) in
        let result = try device.prune(tensor, format)
        return [
          ("bitmaps", result.bitmaps), ("offsets", result.offsets), ("values", result.values),
        ]
      } verify: { results throws(TesseraError) in
        Verifier.pruning(
          problem, x: x, bitmaps: try results.required("bitmaps"),
          offsets: try results.required("offsets"), values: try results.required("values"))
      }
      return
    }
    let packed = try PrunedInput(format, tensors, "", on: device)
    try RunReport.run(
      "unprune", options: options, on: device, plan: try device.preparedPlan(packed.problem).plan
    ) { () throws(TesseraError) in
      [("x", try device.unprune(packed.tensor))]
    } verify: { results throws(TesseraError) in
      Verifier.unpruning(
        packed.problem, bitmaps: packed.host[0], offsets: packed.host[1], values: packed.host[2],
        x: try results.required("x"))
    }
  }
}

/// Packed vectors from files, on the host and on a device.
struct PrunedInput {
  let problem: PruningProblem
  let tensor: PrunedTensor
  /// Bitmaps, offsets and values.
  let host: [HostTensor]

  /// - Parameter prefix: what stands before the names of the three tensors.
  init(
    _ format: PruningFormat, _ tensors: [String: HostTensor], _ prefix: String, on device: Device
  ) throws(TesseraError) {
    var host: [HostTensor] = []
    for name in ["bitmaps", "offsets", "values"] { host.append(try tensors.required(prefix + name)) }
    self.host = host
    tensor = PrunedTensor(
      format: format, bitmaps: try Tensor(host[0], on: device),
      offsets: try Tensor(host[1], on: device), values: try Tensor(host[2], on: device))
    problem = try tensor.problem()
  }
}
