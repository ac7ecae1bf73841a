public import ArgumentParser
public import Tessera
import TesseraConformance
import TesseraKernels

/// The options of attention over block lists.
struct BlockListCommandOptions: ParsableArguments {
  @Option(help: "Queries that share a row of a list.") var qBlock = 64
  @Option(help: "Keys that one entry of a list names.") var kvBlock = 64
  @Flag(help: "A query sees no key after its own position.") var causal = false
  @Flag(help: "Query i stands at key i. Default: the last query stands at the last key.")
  var topLeft = false
  @Option(
    help: ArgumentHelp(
      "Keys before and after a query's position that it attends whatever its list says: 128,0.",
      valueName: "l,r"))
  var window: IntList?
  @Option(help: "Caps the scores: c·tanh(score/c).") var softCap: Float?
  @Option(help: "Multiplies the scores. Default: D^-0.5.") var scale: Float?
  @Option(help: "auto, query (queries run over their lists) or kv (keys run over the queries that list them).")
  var schedule: BlockListOptions.Schedule = .auto

  func validate() throws {
    if let window, window.values.count != 2 {
      throw ValidationError("--window: got \(window.values), allowed l,r such as 128,0")
    }
  }

  /// Both limits of the added window.
  var limits: (left: Int, right: Int)? { window.map { ($0.values[0], $0.values[1]) } }
  /// The planner's word for the schedule.
  var planned: BlockListSchedule { BlockListSchedule(rawValue: schedule.rawValue) ?? .auto }

  /// The tensors q, k, v, indices and, if they are there, counts, sinks, cu_q and cu_k, with the problem
  /// they pose.
  /// - Parameter output: element type of o; that of q if nil.
  func inputs(
    _ tensors: [String: HostTensor], output: DType? = nil
  ) throws(TesseraError) -> BlockListTensors {
    let (q, k, v) = (
      try tensors.required("q"), try tensors.required("k"), try tensors.required("v")
    )
    _ = try tensors.required("indices")
    guard let indices = try tensors.integers("indices") else {
      throw .invalidArgument("input indices", got: "none", allowed: "a tensor")
    }
    let (counts, sinks) = (try tensors.integers("counts"), tensors["sinks"])
    let (cuQ, cuK) = (try tensors.integers("cu_q"), try tensors.integers("cu_k"))
    let attention = try AttentionProblem(
      q: (q.shape, q.dtype), k: (k.shape, k.dtype), v: (v.shape, v.dtype),
      cuQ: cuQ.map { ($0.shape, $0.dtype) }, cuK: cuK.map { ($0.shape, $0.dtype) },
      causal: causal, alignment: topLeft ? .topLeft : .bottomRight, softCap: softCap, scale: scale,
      output: output)
    let problem = try BlockListProblem(
      attention: attention, indices: (indices.shape, indices.dtype),
      counts: counts.map { ($0.shape, $0.dtype) }, sinks: sinks.map { ($0.shape, $0.dtype) },
      queryBlock: qBlock, keyBlock: kvBlock, window: limits)
    for (name, tensor, tokens) in [
      ("cu_q", cuQ, attention.queryLength), ("cu_k", cuK, attention.keyLength),
    ] {
      guard let values = tensor?.values(as: Int32.self)?.map(Int.init) else { continue }
      try attention.validate(cumulative: values, name: name, tokens: tokens)
      if name == "cu_q" { try problem.validate(rowsOf: values) }
    }
    return BlockListTensors(
      problem, q: q, k: k, v: v, indices: indices, counts: counts, sinks: sinks, cuQ: cuQ,
      cuK: cuK)
  }

  /// The same for the library, with the tensors on `device`.
  func options(
    _ inputs: BlockListTensors, on device: Device
  ) throws(TesseraError) -> BlockListOptions {
    var options = BlockListOptions(
      causal: causal, alignment: topLeft ? .topLeft : .bottomRight, window: limits,
      softCap: softCap, scale: scale, schedule: schedule)
    if let sinks = inputs.sinks { options.sinks = try Tensor(sinks, on: device) }
    if let cuQ = inputs.cuQ, let cuK = inputs.cuK {
      options.sequences = PackedSequences(
        queries: try Tensor(cuQ, on: device), keys: try Tensor(cuK, on: device))
    }
    return options
  }
}

extension BlockListOptions.Schedule: ExpressibleByArgument {}

extension [String: HostTensor] {
  /// A tensor of any integer type as the kernels read it, nil if there is none of this name. Entries
  /// beyond 32 bits name nothing in any case; they become −1.
  func integers(_ name: String) throws(TesseraError) -> HostTensor? {
    guard let tensor = self[name], tensor.dtype != .i32 else { return self[name] }
    guard !tensor.dtype.isFloatingPoint, tensor.dtype != .bool else {
      throw .invalidArgument("\(name) element type", got: tensor.dtype, allowed: "i32, or integers")
    }
    let values = tensor.doubles().map { Int32(exactly: $0) ?? -1 }
    return try HostTensor(values, shape: tensor.shape)
  }
}
