package import TesseraCore
package import TesseraKernels
import TesseraRuntime

extension Device {
  /// Native sparse attention, causal: three attentions of the same queries, gated and summed.
  ///
  /// Query `i` stands at position `t = i + Nk − Nq`; `l` is `options.span`, `c` the stride, `l'` the block,
  /// `n` the blocks selected, `w` the window.
  /// ```
  /// compression   K_j = mean of k[j·c … j·c + l − 1], V_j likewise   (or weighted, or given)
  /// compressed    attention to K_j, V_j with t ≥ j·c + l − 1; none visible: 0
  /// importance    of a block of l' keys: the weights of the compressed keys that overlap it, times the
  ///               overlap in strides, summed over the query heads of a KV head
  /// selected      causal attention to the n most important blocks b ≤ t/l', the first `initial` and the
  ///               last `local` always among them
  /// window        causal attention to the last w keys, the query's own included
  /// o = gates_0 · o_cmp + gates_1 · o_slc + gates_2 · o_win
  /// ```
  /// Compressed keys and values are rounded to the type of q; importance is never stored as a whole.
  ///
  /// - Parameters:
  ///   - q: `[B, Nq, H, D]` of f32, f16 or bf16.
  ///   - k: `[B, Nk, Hkv, D]`; query head `h` reads KV head `h / (H/Hkv)`. Any group size will do.
  ///   - v: `[B, Nk, Hkv, Dv]`.
  ///   - gates: `[B, Nq, H, 3]`, after their sigmoid, of f32 or the type of q.
  ///   - options: sizes, compression, keys and values of the window.
  /// - Returns: the output, the branches and the lists. The work is recorded, not awaited.
  /// - Throws: `invalidArgument` naming the argument that does not fit, `overLimit`, `outOfMemory`.
  ///
  /// Source: Yuan et al., "Native Sparse Attention" (2025).
  public func nativeSparseAttention(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, gates: Tensor, options: NSAOptions = NSAOptions()
  ) throws(TesseraError) -> NSAResult {
    let problem = try options.problem(q, k, v, gates)
    try require(options, problem)
    let prepared = try preparedPlan(problem)
    let inputs = try operands(options.inputs(q, k, v, gates))
    func output(_ dimensions: [Int], _ dtype: DType) throws(TesseraError) -> Tensor {
      try Tensor(uninitialized: try Shape(dimensions), dtype: dtype, on: self)
    }
    let hasWindow = problem.window > 0
    let (o, lse) = (problem.outputDimensions, problem.lseDimensions)
    let outputs: [Tensor?] = [
      try output(o, problem.dtype), try output(o, problem.dtype), try output(o, problem.dtype),
      hasWindow ? try output(o, problem.dtype) : nil, try output(lse, .f32), try output(lse, .f32),
      hasWindow ? try output(lse, .f32) : nil,
      try output(problem.selection.indexDimensions, .i32),
      try output(problem.selection.countDimensions, .i32),
    ]
    var ranges = inputs
    for tensor in outputs { ranges.append(try tensor?.contiguousRange("o")) }
    try PlanExecutor.execute(prepared, operands: ranges, on: context)
    guard let sum = outputs[0], let compressed = outputs[1], let selected = outputs[2],
      let compressedLSE = outputs[4], let selectedLSE = outputs[5], let indices = outputs[7]
    else { throw .unsupported("native sparse attention without outputs") }
    return NSAResult(
      output: sum, compressed: compressed, selected: selected, window: outputs[3],
      lists: BlockList(
        indices: indices, counts: outputs[8], queryBlock: 1, keyBlock: problem.block),
      logSumExps: (compressedLSE, selectedLSE, outputs[6]))
  }

  /// The gradients of `Σ dO∘O` of native sparse attention, without atomics: repeated runs give the same
  /// bits. Selection has no gradient; of weighted compression the weights have none here.
  ///
  /// - Parameters:
  ///   - q: as in the forward pass, like `k`, `v`, `gates` and `options`.
  ///   - k: the keys, as of the forward pass.
  ///   - v: the values, as of the forward pass.
  ///   - gates: the gates of the forward pass.
  ///   - result: of the forward pass.
  ///   - outputGradient: dO, of the shape and type of the output.
  ///   - options: those of the forward pass.
  /// - Returns: gradients in the types of what they belong to; those of q, k and v add up what the branches
  ///   and the compression have. The work is recorded, not awaited.
  /// - Throws: `invalidArgument` naming the argument that does not fit, `overLimit`, `outOfMemory`.
  public func nativeSparseAttentionBackward(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, gates: Tensor, result: NSAResult,
    outputGradient: Tensor, options: NSAOptions = NSAOptions()
  ) throws(TesseraError) -> NSAGradients {
    let problem = try options.problem(q, k, v, gates)
    try require(options, problem)
    try require(result, problem)
    try require(outputGradient, "do", problem.outputDimensions, problem.dtype)
    let prepared = try preparedBackwardPlan(problem)
    let lse = result.logSumExps
    let inputs = try operands(
      options.inputs(q, k, v, gates) + [
        ("o", result.output), ("o_cmp", result.compressed), ("o_slc", result.selected),
        ("o_win", result.window), ("lse_cmp", lse.compressed), ("lse_slc", lse.selected),
        ("lse_win", lse.window), ("indices", result.lists.indices),
        ("counts", result.lists.counts), ("do", outputGradient),
      ])
    func gradient(_ dimensions: [Int], if there: Bool = true) throws(TesseraError) -> Tensor? {
      there
        ? try Tensor(uninitialized: try Shape(dimensions), dtype: problem.dtype, on: self) : nil
    }
    let given = problem.compression == .given
    let outputs = [
      try gradient(problem.queryDimensions), try gradient(problem.keyDimensions),
      try gradient(problem.valueDimensions),
      try Tensor(
        uninitialized: try Shape(problem.gateDimensions), dtype: problem.gateDType, on: self),
      try gradient(problem.keyDimensions, if: problem.ownWindow),
      try gradient(problem.valueDimensions, if: problem.ownWindow),
      try gradient(problem.compressedKeyDimensions, if: given),
      try gradient(problem.compressedValueDimensions, if: given),
    ]
    var ranges = inputs
    for tensor in outputs { ranges.append(try tensor?.contiguousRange("gradient")) }
    try PlanExecutor.execute(prepared, operands: ranges, on: context)
    func pair(_ first: Int) -> (keys: Tensor, values: Tensor)? {
      guard let keys = outputs[first], let values = outputs[first + 1] else { return nil }
      return (keys, values)
    }
    guard let (dK, dV) = pair(1), let dQ = outputs[0], let dGates = outputs[3] else {
      throw .unsupported("gradients without outputs")
    }
    return NSAGradients(
      queries: dQ, keys: dK, values: dV, gates: dGates, window: pair(4), compressed: pair(6))
  }

  /// The plan `nativeSparseAttention` would run, with its kernels built.
  package func preparedPlan(_ problem: NSAProblem) throws(TesseraError) -> PreparedPlan {
    try plans.plan(problem) { () throws(TesseraError) in
      try prepared { capabilities throws(TesseraError) in try NSAPlanner.plan(problem, capabilities) }
    }
  }

  /// The plan `nativeSparseAttentionBackward` would run, with its kernels built.
  package func preparedBackwardPlan(_ problem: NSAProblem) throws(TesseraError) -> PreparedPlan {
    try plans.plan(BackwardOf(problem: problem)) { () throws(TesseraError) in
      try PlanExecutor.prepare(
        try NSAPlanner.planBackward(problem, context.capabilities), on: context)
    }
  }

  /// Refuses optional tensors that do not fit.
  private func require(_ options: NSAOptions, _ problem: NSAProblem) throws(TesseraError) {
    if let own = options.windowTensors {
      try require(own.keys, "k_win", problem.keyDimensions, problem.dtype)
      try require(own.values, "v_win", problem.valueDimensions, problem.dtype)
    }
    switch options.compression {
    case .mean: break
    case .weighted(let weights):
      try require(weights, "compression weights", problem.weightDimensions, .f32)
    case .given(let keys, let values):
      try require(keys, "k_cmp", problem.compressedKeyDimensions, problem.dtype)
      try require(values, "v_cmp", problem.compressedValueDimensions, problem.dtype)
    }
  }

  /// Refuses results of another problem.
  private func require(_ result: NSAResult, _ problem: NSAProblem) throws(TesseraError) {
    for (name, tensor) in [
      ("o", result.output), ("o_cmp", result.compressed), ("o_slc", result.selected),
    ] { try require(tensor, name, problem.outputDimensions, problem.dtype) }
    try require(
      result.lists.indices, "indices", problem.selection.indexDimensions, .i32)
    guard (result.window != nil) == (problem.window > 0) else {
      throw .invalidArgument(
        "o_win", got: result.window == nil ? "none" : "a tensor",
        allowed: "a result of the same options")
    }
  }
}
