import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraReference
import TesseraRuntime

/// One dense attention with its inputs, run on the CPU back-end.
struct CPUAttentionCase {
  var problem: AttentionProblem
  var q: HostTensor
  var k: HostTensor
  var v: HostTensor
  var dO: HostTensor
  var alibi: HostTensor?
  var cuQ: HostTensor?
  var cuK: HostTensor?

  /// Token axes of Q and of K: `[B, N]`, or `[T]` with cumulative lengths.
  init(
    queries: [Int], keys: [Int], heads: Int = 2, kvHeads: Int = 1, d: Int = 16, dv: Int = 16,
    dtype: DType = .f32, cuQ: [Int32]? = nil, cuK: [Int32]? = nil, causal: Bool = false,
    windowLeft: Int? = nil, seed: UInt64, values: (String, Int) -> Float? = { _, _ in nil }
  ) throws {
    var random = SeededRandom(seed)
    func tensor(_ name: String, _ dimensions: [Int]) throws -> HostTensor {
      let shape = try Shape(dimensions)
      var content = random.normals(shape.elementCount)
      for i in content.indices { content[i] = values(name, i) ?? content[i] }
      return try HostTensor(rounding: content, to: dtype, shape: shape)
    }
    q = try tensor("q", queries + [heads, d])
    k = try tensor("k", keys + [kvHeads, d])
    v = try tensor("v", keys + [kvHeads, dv])
    dO = try tensor("dO", queries + [heads, dv])
    func lengths(_ entries: [Int32]?) throws -> HostTensor? {
      guard let entries else { return nil }
      return try HostTensor(entries, shape: try Shape([entries.count]))
    }
    self.cuQ = try lengths(cuQ)
    self.cuK = try lengths(cuK)
    problem = try AttentionProblem(
      q: (q.shape, dtype), k: (k.shape, dtype), v: (v.shape, dtype),
      cuQ: self.cuQ.map { ($0.shape, $0.dtype) }, cuK: self.cuK.map { ($0.shape, $0.dtype) },
      causal: causal, windowLeft: windowLeft)
  }

  /// o, lse, dq, dk, dv.
  struct Output {
    var tensors: [HostTensor]
    var guardsIntact: Bool
    /// Vector `index` of tensor `tensor`, whose vectors have `length` elements.
    func vector(_ tensor: Int, _ index: Int, _ length: Int) -> ArraySlice<Float> {
      tensors[tensor].floats()[(index * length)..<((index + 1) * length)]
    }
  }

  /// Forward and backward.
  func run(on context: DeviceContext) throws -> Output {
    let capabilities = context.capabilities
    let inputs = [q, k, v, alibi, cuQ, cuK].map { tensor in
      tensor.map { GuardedRun.Operand.input($0) } ?? .none
    }
    let forward = try GuardedRun(
      try AttentionPlanner.plan(problem, capabilities),
      inputs + [
        .output(problem.outputDType, problem.outputDimensions),
        .output(.f32, problem.lseDimensions),
      ], on: context)
    let backward = try GuardedRun(
      try AttentionPlanner.planBackward(problem, capabilities),
      inputs + [
        .input(forward.outputs[0]), .input(forward.outputs[1]), .input(dO),
        .output(problem.dtype, problem.queryDimensions),
        .output(problem.dtype, problem.keyDimensions),
        .output(problem.dtype, problem.valueDimensions),
      ], on: context)
    return Output(
      tensors: forward.outputs + backward.outputs,
      guardsIntact: forward.guardsIntact && backward.guardsIntact)
  }
}
