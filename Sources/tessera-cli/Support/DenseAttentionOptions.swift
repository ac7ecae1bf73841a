import ArgumentParser
import Tessera
import TesseraConformance

/// The options of dense attention.
struct DenseAttentionOptions: ParsableArguments {
  @Flag(help: "A query sees no key after its own position.") var causal = false
  @Flag(help: "Query i stands at key i. Default: the last query stands at the last key.")
  var topLeft = false
  @Option(
    help: ArgumentHelp(
      "Keys visible before and after the query's position; none or nothing does not limit a side: 128,0 or 128,none.",
      valueName: "l,r"))
  var window = WindowLimits()
  @Option(help: "Caps the scores: c·tanh(score/c).") var softCap: Float?
  @Option(help: "Multiplies the scores. Default: D^-0.5.") var scale: Float?

  /// The tensors q, k, v and, if they are there, alibi, cu_q and cu_k, with the problem they pose.
  /// - Parameter output: element type of o; that of q if nil.
  func inputs(
    _ tensors: [String: HostTensor], output: DType? = nil
  ) throws(TesseraError) -> AttentionInputs {
    let (q, k, v) = (
      try tensors.required("q"), try tensors.required("k"), try tensors.required("v")
    )
    let alibi = tensors["alibi"]
    let (cuQ, cuK) = (try tensors.lengths("cu_q"), try tensors.lengths("cu_k"))
    let problem = try AttentionProblem(
      q: (q.shape, q.dtype), k: (k.shape, k.dtype), v: (v.shape, v.dtype),
      alibi: alibi.map { ($0.shape, $0.dtype) }, cuQ: cuQ.map { ($0.shape, $0.dtype) },
      cuK: cuK.map { ($0.shape, $0.dtype) }, causal: causal,
      alignment: topLeft ? .topLeft : .bottomRight, windowLeft: window.left,
      windowRight: window.right, softCap: softCap, scale: scale, output: output)
    for (name, tensor, tokens) in [
      ("cu_q", cuQ, problem.queryLength), ("cu_k", cuK, problem.keyLength),
    ] {
      guard let values = tensor?.values(as: Int32.self) else { continue }
      try problem.validate(cumulative: values.map(Int.init), name: name, tokens: tokens)
    }
    return AttentionInputs(problem, q: q, k: k, v: v, alibi: alibi, cuQ: cuQ, cuK: cuK)
  }

  /// The same for the library, with the tensors on `device`.
  func options(
    _ inputs: AttentionInputs, on device: Device
  ) throws(TesseraError) -> AttentionOptions {
    var options = AttentionOptions(
      causal: causal, alignment: topLeft ? .topLeft : .bottomRight,
      window: (window.left, window.right), softCap: softCap, scale: scale)
    if let alibi = inputs.alibi { options.alibi = try Tensor(alibi, on: device) }
    if let cuQ = inputs.cuQ, let cuK = inputs.cuK {
      options.sequences = PackedSequences(
        queries: try Tensor(cuQ, on: device), keys: try Tensor(cuK, on: device))
    }
    return options
  }
}

/// `l,r`: how far a query sees to both sides of its position.
struct WindowLimits: ExpressibleByArgument, Sendable, Hashable {
  var left: Int?
  var right: Int?

  init() {}

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    var limits: [Int?] = []
    for part in parts {
      if part.isEmpty || part == "none" {
        limits.append(nil)
      } else {
        guard let value = Int(part), value >= 0 else { return nil }
        limits.append(value)
      }
    }
    (left, right) = (limits[0], limits[1])
  }

  var defaultValueDescription: String { "none,none" }
}

extension [String: HostTensor] {
  /// Cumulative lengths of any integer type, as the kernels read them.
  fileprivate func lengths(_ name: String) throws(TesseraError) -> HostTensor? {
    guard let tensor = self[name], tensor.dtype != .i32 else { return self[name] }
    guard !tensor.dtype.isFloatingPoint, tensor.dtype != .bool else {
      throw .invalidArgument("\(name) element type", got: tensor.dtype, allowed: "i32, or integers")
    }
    let values = tensor.doubles().map { Int32(exactly: $0) }
    guard !values.contains(nil) else {
      throw .invalidArgument(name, got: "an entry beyond 32 bits", allowed: "0...\(Int32.max)")
    }
    return try HostTensor(values.compactMap(\.self), shape: tensor.shape)
  }
}
