import ArgumentParser
import Tessera
import TesseraConformance
import TesseraKernels

/// The sizes of native sparse attention.
struct NSACommandOptions: ParsableArguments {
  @Option(help: "Tokens of a compressed key.") var compress = 32
  @Option(help: "Tokens from one compressed key to the next; divides --compress and --block.")
  var compressStride = 16
  @Option(help: "Keys of a selected block; at least --compress.") var block = 64
  @Option(help: "Blocks that are selected, forced ones included.") var top = 16
  @Option(name: .customLong("init"), help: "Blocks from the first that are always selected.")
  var initial = 1
  @Option(help: "Blocks up to the query's own that are always selected.") var local = 2
  @Option(help: "Keys of the window, the query's own included; 0 for none.") var window = 512
  @Option(help: "Multiplies q·k in all branches. Default: D^-0.5.") var scale: Float?

  /// Sets the sizes of a problem.
  func set(_ problem: inout NSAProblem) {
    (problem.span, problem.stride, problem.block) = (compress, compressStride, block)
    (problem.top, problem.initialBlocks, problem.localBlocks) = (top, initial, local)
    problem.window = window
  }

  /// The tensors of the inputs, and the problem they make.
  func tensors(_ inputs: [String: HostTensor]) throws(TesseraError) -> NSATensors {
    let (q, k) = (try inputs.required("q"), try inputs.required("k"))
    let (v, gates) = (try inputs.required("v"), try inputs.required("gates"))
    for (a, b) in [("k_win", "v_win"), ("k_cmp", "v_cmp")] where (inputs[a] == nil) != (inputs[b] == nil) {
      throw .invalidArgument(
        "input \(inputs[a] == nil ? a : b)", got: "none", allowed: "both \(a) and \(b), or neither")
    }
    var problem = try NSAProblem(
      q: (q.shape, q.dtype), k: (k.shape, k.dtype), v: (v.shape, v.dtype),
      gates: (gates.shape, gates.dtype), scale: scale)
    set(&problem)
    problem.compression =
      inputs["k_cmp"] != nil ? .given : inputs["compress_weights"] != nil ? .weighted : .mean
    problem.ownWindow = inputs["k_win"] != nil && window > 0
    try problem.validate()
    let given = problem.compression == .given
    return NSATensors(
      problem, q: q, k: k, v: v, gates: gates, kWindow: problem.ownWindow ? inputs["k_win"] : nil,
      vWindow: problem.ownWindow ? inputs["v_win"] : nil,
      weights: given ? nil : inputs["compress_weights"], kCompressed: inputs["k_cmp"],
      vCompressed: inputs["v_cmp"])
  }

  /// As the library takes it.
  func options(_ tensors: NSATensors, on device: Device) throws(TesseraError) -> NSAOptions {
    var options = NSAOptions(
      span: compress, stride: compressStride, block: block, top: top, initial: initial,
      local: local, window: window, scale: scale)
    if let k = tensors.kWindow, let v = tensors.vWindow {
      options.windowTensors = (try Tensor(k, on: device), try Tensor(v, on: device))
    }
    if let k = tensors.kCompressed, let v = tensors.vCompressed {
      options.compression = .given(keys: try Tensor(k, on: device), values: try Tensor(v, on: device))
    } else if let weights = tensors.weights {
      options.compression = .weighted(try Tensor(weights, on: device))
    }
    return options
  }
}
