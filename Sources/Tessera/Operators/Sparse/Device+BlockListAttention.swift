package import TesseraCore
package import TesseraKernels
import TesseraRuntime

extension Device {
  /// Attention over block lists: every query attends the blocks of keys that its row of a list names,
  /// with an online softmax; no mask of N×N is ever stored.
  ///
  /// Query `i` of a sequence with `Nq` queries and `Nk` keys stands at position `t = i + Nk − Nq` of the
  /// key axis, or at `t = i` with the alignment `topLeft`. It attends key `j` if
  /// ```
  /// (j / keyBlock in the list of row i / queryBlock,  or  t − left ≤ j ≤ t + right of the window)
  ///   and  (j ≤ t if causal)
  /// S = cap(scale · q·k)      LSE = ln(Σ exp(S) + exp(sink_h))      O = Σ exp(S − LSE)·v
  /// ```
  /// A query that attends nothing has O = 0; its LSE is −∞, or the sink.
  ///
  /// - Parameters:
  ///   - q: `[B, Nq, H, D]` of f32, f16 or bf16; `[Tq, H, D]` with `options.sequences`. D is 512 at most.
  ///   - k: `[B, Nk, Hkv, D]` or `[Tk, Hkv, D]`; query head `h` reads KV head `h / (H/Hkv)`.
  ///   - v: `[B, Nk, Hkv, Dv]` or `[Tk, Hkv, Dv]`.
  ///   - lists: who attends what; query head `h` reads list `h·Hl / H`.
  ///   - options: mask, added window, sinks, cap, sequences, scale, schedule.
  /// - Returns: `[B, Nq, H, Dv]` or `[Tq, H, Dv]` in the type of `q`. The work is recorded, not awaited;
  ///   nothing waits for the lists to reach the host. The order of a list's entries does not change a
  ///   bit of the result.
  /// - Throws: `invalidArgument` naming the argument that does not fit, `overLimit`, `outOfMemory`.
  ///
  /// Sources: Yuan et al., "Native Sparse Attention" (2025), for lists per query and KV head; Guo et al.,
  /// "Block Sparse Attention" (2024), for lists per block of queries; Xiao et al., "Efficient Streaming
  /// Language Models with Attention Sinks" (2023), and gpt-oss (2025) for the sink logit.
  public func blockListAttention(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, lists: BlockList,
    options: BlockListOptions = BlockListOptions()
  ) throws(TesseraError) -> Tensor {
    try blockListAttentionWithLSE(q, k, v, lists: lists, options: options).output
  }

  /// Attention over block lists that also returns the logarithm of each query's softmax denominator,
  /// f32 `[B, Nq, H]` or `[Tq, H]`, which the gradients need and with which results over disjoint keys
  /// can be merged. Otherwise as ``blockListAttention(_:_:_:lists:options:)``.
  public func blockListAttentionWithLSE(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, lists: BlockList,
    options: BlockListOptions = BlockListOptions()
  ) throws(TesseraError) -> AttentionResult {
    let problem = try options.problem(q, k, v, lists, output: options.output)
    let prepared = try preparedPlan(problem, options.schedule.planned)
    let inputs = try operands(Self.inputs(q, k, v, lists, options))
    let attention = problem.attention
    let output = try Tensor(
      uninitialized: try Shape(attention.outputDimensions), dtype: attention.outputDType, on: self)
    let lse = try Tensor(uninitialized: try Shape(attention.lseDimensions), dtype: .f32, on: self)
    try PlanExecutor.execute(
      prepared,
      operands: inputs + [try output.contiguousRange("o"), try lse.contiguousRange("lse")],
      on: context)
    return AttentionResult(output: output, logSumExp: lse)
  }

  /// The gradients of `Σ dO∘O` of attention over block lists. Lists are transposed on the device, so dK
  /// and dV are gathered without atomics: repeated runs give the same bits.
  ///
  /// ```
  /// P = exp(S − LSE)      δ = rowsum(dO∘O)      dS = P∘(dO·Vᵀ − δ), times 1 − (cap/c)² if capped
  /// dQ = scale·dS·K       dK = scale·dSᵀ·Q      dV = Pᵀ·dO      dsink = −Σ exp(sink − LSE)·δ
  /// ```
  /// over the pairs that attend; dK and dV of a KV head sum over its query heads.
  ///
  /// - Parameters:
  ///   - q: as in the forward pass, like `k`, `v`, `lists` and `options`.
  ///   - k: the keys, as of the forward pass.
  ///   - v: the values, as of the forward pass.
  ///   - lists: the lists of the forward pass.
  ///   - output: O of the forward pass.
  ///   - logSumExp: LSE of the forward pass, f32.
  ///   - outputGradient: dO, of the shape and type of `output`.
  ///   - options: those of the forward pass.
  /// - Returns: gradients in the type of `q`, of the sinks in f32. The work is recorded, not awaited.
  /// - Throws: `invalidArgument` naming the argument that does not fit, `overLimit`, `outOfMemory`.
  ///
  /// Source: Dao, "FlashAttention-2" (2023).
  public func blockListAttentionBackward(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, lists: BlockList, output: Tensor, logSumExp: Tensor,
    outputGradient: Tensor, options: BlockListOptions = BlockListOptions()
  ) throws(TesseraError) -> BlockListGradients {
    let problem = try options.problem(q, k, v, lists, output: output.dtype)
    let attention = problem.attention
    try require(output, "o", attention.outputDimensions, attention.outputDType)
    try require(logSumExp, "lse", attention.lseDimensions, .f32)
    try require(outputGradient, "do", attention.outputDimensions, attention.outputDType)
    let prepared = try preparedBackwardPlan(problem, options.schedule.planned)
    let inputs = try operands(
      Self.inputs(q, k, v, lists, options) + [
        ("o", output), ("lse", logSumExp), ("do", outputGradient),
      ])
    let dQ = try Tensor(
      uninitialized: try Shape(attention.queryDimensions), dtype: attention.dtype, on: self)
    let dK = try Tensor(
      uninitialized: try Shape(attention.keyDimensions), dtype: attention.dtype, on: self)
    let dV = try Tensor(
      uninitialized: try Shape(attention.valueDimensions), dtype: attention.dtype, on: self)
    var dSinks: Tensor?
    if problem.sinks {
      dSinks = try Tensor(uninitialized: try Shape([attention.heads]), dtype: .f32, on: self)
    }
    let outputs: [BufferRange?] = [
      try dQ.contiguousRange("dq"), try dK.contiguousRange("dk"), try dV.contiguousRange("dv"),
      try dSinks?.contiguousRange("dsinks"),
    ]
    try PlanExecutor.execute(prepared, operands: inputs + outputs, on: context)
    return BlockListGradients(queries: dQ, keys: dK, values: dV, sinks: dSinks)
  }

  /// The plan `blockListAttention` would run, with its kernels built.
  package func preparedPlan(
    _ problem: BlockListProblem, _ schedule: BlockListSchedule
  ) throws(TesseraError) -> PreparedPlan {
    try plans.plan(Scheduled(problem: problem, schedule: schedule)) { () throws(TesseraError) in
      try prepared { capabilities throws(TesseraError) in
        try BlockListPlanner.plan(problem, schedule: schedule, capabilities)
      }
    }
  }

  /// The plan `blockListAttentionBackward` would run, with its kernels built.
  package func preparedBackwardPlan(
    _ problem: BlockListProblem, _ schedule: BlockListSchedule
  ) throws(TesseraError) -> PreparedPlan {
    let key = BackwardOf(problem: Scheduled(problem: problem, schedule: schedule))
    return try plans.plan(key) { () throws(TesseraError) in
      try PlanExecutor.prepare(
        try BlockListPlanner.planBackward(problem, schedule: schedule, context.capabilities),
        on: context)
    }
  }

  /// The inputs in the order of `Plan.BlockListOperand`.
  private static func inputs(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, _ lists: BlockList, _ options: BlockListOptions
  ) -> [(name: String, tensor: Tensor?)] {
    [
      ("q", q), ("k", k), ("v", v), ("indices", lists.indices), ("counts", lists.counts),
      ("sinks", options.sinks), ("cu_q", options.sequences?.queries),
      ("cu_k", options.sequences?.keys),
    ]
  }
}

/// A problem with the schedule that was asked for, as a key of the plan cache.
private struct Scheduled: Hashable, Sendable {
  let problem: BlockListProblem
  let schedule: BlockListSchedule
}
