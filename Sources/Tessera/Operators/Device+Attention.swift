package import TesseraCore
package import TesseraKernels
import TesseraRuntime

extension Device {
  /// Dense attention: `O = softmax(S)·V` in one pass, with an online softmax and no N×N intermediate.
  ///
  /// For query `i` and key `j` of one sequence with `Nq` queries and `Nk` keys, the query stands at
  /// position `t = i + Nk − Nq` of the key axis, or at `t = i` with the alignment `topLeft`, and
  /// ```
  /// S[i, j] = cap(scale · q_i·k_j) − slope_h · |t − j|     cap(x) = c · tanh(x / c), or x
  /// visible:  j ≤ t if causal;  t − left ≤ j ≤ t + right   (absent limits do not limit)
  /// ```
  /// A query without visible keys, and a token of no sequence, has O = 0 and LSE = −∞.
  ///
  /// - Parameters:
  ///   - q: `[B, Nq, H, D]` of f32, f16 or bf16; `[Tq, H, D]` with `options.sequences`. D is 512 at most,
  ///     and fast if it is a multiple of 8.
  ///   - k: `[B, Nk, Hkv, D]` or `[Tk, Hkv, D]`; query head `h` reads KV head `h / (H/Hkv)`.
  ///   - v: `[B, Nk, Hkv, Dv]` or `[Tk, Hkv, Dv]`.
  ///   - options: mask, cap, slopes, sequences, scale.
  /// - Returns: `[B, Nq, H, Dv]` or `[Tq, H, Dv]` in the type of `q`. The work is recorded, not awaited.
  ///   Views that are not contiguous are copied first.
  /// - Throws: `invalidArgument` naming the argument that does not fit, `overLimit`, `outOfMemory`.
  ///
  /// Sources: Vaswani et al., "Attention Is All You Need" (2017); Dao, "FlashAttention-2" (2023); Press
  /// et al., "Train Short, Test Long" (2022) for ALiBi; Gemma Team, "Gemma 2" (2024) for the cap.
  public func attention(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, options: AttentionOptions = AttentionOptions()
  ) throws(TesseraError) -> Tensor {
    try attentionWithLSE(q, k, v, options: options).output
  }

  /// Dense attention that also returns the logarithm of each query's softmax denominator, f32
  /// `[B, Nq, H]` or `[Tq, H]`, which the gradients need. Otherwise as ``attention(_:_:_:options:)``.
  public func attentionWithLSE(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, options: AttentionOptions = AttentionOptions()
  ) throws(TesseraError) -> AttentionResult {
    let problem = try options.problem(q, k, v, output: options.output)
    let prepared = try preparedPlan(problem)
    let inputs = try operands(Self.inputs(q, k, v, options))
    let output = try Tensor(
      uninitialized: try Shape(problem.outputDimensions), dtype: problem.outputDType, on: self)
    let lse = try Tensor(uninitialized: try Shape(problem.lseDimensions), dtype: .f32, on: self)
    try PlanExecutor.execute(
      prepared,
      operands: inputs + [try output.contiguousRange("o"), try lse.contiguousRange("lse")],
      on: context)
    return AttentionResult(output: output, logSumExp: lse)
  }

  /// The gradients of `Σ dO∘O` of dense attention, without atomics: repeated runs give the same bits.
  ///
  /// ```
  /// P = exp(S − LSE)      δ = rowsum(dO∘O)      dS = P∘(dO·Vᵀ − δ), times 1 − (cap/c)² if capped
  /// dQ = scale·dS·K       dK = scale·dSᵀ·Q      dV = Pᵀ·dO
  /// ```
  /// dK and dV of a KV head sum over its query heads.
  ///
  /// - Parameters:
  ///   - q: as in the forward pass, like `k`, `v` and `options`.
  ///   - k: the keys, as of the forward pass.
  ///   - v: the values, as of the forward pass.
  ///   - output: O of the forward pass.
  ///   - logSumExp: LSE of the forward pass, f32.
  ///   - outputGradient: dO, of the shape and type of `output`.
  ///   - options: those of the forward pass.
  /// - Returns: gradients in the type of `q`. The work is recorded, not awaited.
  /// - Throws: `invalidArgument` naming the argument that does not fit, `overLimit`, `outOfMemory`.
  ///
  /// Source: Dao, "FlashAttention-2" (2023).
  public func attentionBackward(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, output: Tensor, logSumExp: Tensor,
    outputGradient: Tensor, options: AttentionOptions = AttentionOptions()
  ) throws(TesseraError) -> AttentionGradients {
    let problem = try options.problem(q, k, v, output: output.dtype)
    try require(output, "o", problem.outputDimensions, problem.outputDType)
    try require(logSumExp, "lse", problem.lseDimensions, .f32)
    try require(outputGradient, "do", problem.outputDimensions, problem.outputDType)
    let prepared = try preparedBackwardPlan(problem)
    let inputs = try operands(
      Self.inputs(q, k, v, options) + [
        ("o", output), ("lse", logSumExp), ("do", outputGradient),
      ])
    let dQ = try Tensor(
      uninitialized: try Shape(problem.queryDimensions), dtype: problem.dtype, on: self)
    let dK = try Tensor(
      uninitialized: try Shape(problem.keyDimensions), dtype: problem.dtype, on: self)
    let dV = try Tensor(
      uninitialized: try Shape(problem.valueDimensions), dtype: problem.dtype, on: self)
    let outputs: [BufferRange?] = [
      try dQ.contiguousRange("dq"), try dK.contiguousRange("dk"), try dV.contiguousRange("dv"),
    ]
    try PlanExecutor.execute(prepared, operands: inputs + outputs, on: context)
    return AttentionGradients(queries: dQ, keys: dK, values: dV)
  }

  /// The plan `attention` would run, with its kernels built.
  package func preparedPlan(_ problem: AttentionProblem) throws(TesseraError) -> PreparedPlan {
    try plans.plan(problem) { () throws(TesseraError) in
      try prepared(for: .attention(problem)) { capabilities, measured throws(TesseraError) in
        try AttentionPlanner.plan(problem, capabilities, measured: measured)
      }
    }
  }

  /// The plan `attentionBackward` would run, with its kernels built.
  package func preparedBackwardPlan(
    _ problem: AttentionProblem
  ) throws(TesseraError) -> PreparedPlan {
    try plans.plan(BackwardOf(problem: problem)) { () throws(TesseraError) in
      try PlanExecutor.prepare(
        try AttentionPlanner.planBackward(problem, context.capabilities), on: context)
    }
  }

  /// The inputs in the order of `Plan.AttentionOperand`.
  private static func inputs(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, _ options: AttentionOptions
  ) -> [(name: String, tensor: Tensor?)] {
    [
      ("q", q), ("k", k), ("v", v), ("alibi", options.alibi),
      ("cu_q", options.sequences?.queries), ("cu_k", options.sequences?.keys),
    ]
  }
}
