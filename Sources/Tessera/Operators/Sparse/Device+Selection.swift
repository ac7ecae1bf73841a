package import TesseraCore
package import TesseraKernels
import TesseraRuntime

extension Device {
  /// Scores of blocks of keys, for choosing among them.
  ///
  /// A block's key is the mean of its keys, all of them whatever the row sees, and a row's query the mean
  /// of its queries, both rounded to the type of `q`. With `s[h, r, b] = scale · q[r, h] · k[b]` and the
  /// `g` query heads of a KV head, scores are `Σh s`, `Σh s / g`, `maxh s`, or the vote
  /// `Σh softmax_b(s)`. Blocks that a row does not see have −∞.
  ///
  /// - Parameters:
  ///   - q: `[B, Nq, H, D]` of f32, f16 or bf16.
  ///   - k: `[B, Nk, Hkv, D]`; with `options.keys` `[B, M, Hkv, D]`, a key per block.
  ///   - options: blocks, reduction, mask, scale.
  /// - Returns: f32 `[B, Hkv, R, M]`, `R = ⌈Nq / queryBlock⌉`, `M = ⌈Nk / keyBlock⌉`. The work is recorded,
  ///   not awaited.
  /// - Throws: `invalidArgument` naming the argument that does not fit, `overLimit`, `outOfMemory`.
  ///
  /// Sources: Yuan et al., "Native Sparse Attention" (2025); Lai et al., "FlexPrefill" (2025); Wu et al.,
  /// "TokenSelect" (2024) for the vote.
  public func blockScores(
    _ q: Tensor, _ k: Tensor, options: BlockScoreOptions
  ) throws(TesseraError) -> Tensor {
    let problem = try options.problem(q, k)
    let prepared = try preparedPlan(problem)
    let inputs = try operands([("q", q), ("k", k)])
    let scores = try Tensor(
      uninitialized: try Shape(problem.scoreDimensions), dtype: .f32, on: self)
    try PlanExecutor.execute(
      prepared, operands: inputs + [try scores.contiguousRange("scores")], on: context)
    return scores
  }

  /// Lists of the best blocks, from scores that are never stored as a whole: at most 64 MiB of them at a
  /// time. Otherwise as ``blockScores(_:_:options:)`` and
  /// ``selectBlocks(scores:_:queries:keys:queryBlock:keyBlock:causal:alignment:)``.
  public func selectBlocks(
    _ q: Tensor, _ k: Tensor, scoring: BlockScoreOptions, _ selection: BlockSelection
  ) throws(TesseraError) -> BlockList {
    let scores = try scoring.problem(q, k)
    let problem = scores.selection(
      selection.problemRule, width: selection.width, initialBlocks: selection.initial,
      localBlocks: selection.local)
    let prepared = try preparedPlan(scores, selecting: problem)
    return try run(prepared, problem, try operands([("q", q), ("k", k)]))
  }

  /// Lists of the best blocks of given scores: indices ascending, the rest of a row −1, and counts.
  ///
  /// NaN and −∞ are never chosen but where `selection` forces them. The result is the same every time,
  /// and nothing waits for scores to reach the host.
  ///
  /// - Parameters:
  ///   - scores: `[B, Hl, R, M]` of f32, f16 or bf16: M scores for each row of queries.
  ///   - selection: rule, list width, forced blocks.
  ///   - queries: queries of a sequence; `R·queryBlock` if nil.
  ///   - keys: keys of a sequence; `M·keyBlock` if nil.
  ///   - queryBlock: queries per row.
  ///   - keyBlock: keys per block.
  ///   - causal: whether blocks that begin after a row's last query are no choice.
  ///   - alignment: where query 0 stands on the key axis: which block is a row's own.
  /// - Returns: lists `[B, Hl, R, W]` on the device. The work is recorded, not awaited.
  /// - Throws: `invalidArgument` naming the argument that does not fit, `overLimit`, `outOfMemory`.
  ///
  /// Sources: Yuan et al., "Native Sparse Attention" (2025) for top-k with forced blocks; Lai et al.,
  /// "FlexPrefill" (2025) for the share; Ji et al., "SALE" (2025) for thresholds.
  public func selectBlocks(
    scores: Tensor, _ selection: BlockSelection, queries: Int? = nil, keys: Int? = nil,
    queryBlock: Int = 1, keyBlock: Int, causal: Bool = false,
    alignment: AttentionOptions.Alignment = .bottomRight
  ) throws(TesseraError) -> BlockList {
    let problem = try SelectionProblem(
      scores: (scores.shape, scores.dtype), rule: selection.problemRule, width: selection.width,
      initialBlocks: selection.initial, localBlocks: selection.local, queries: queries, keys: keys,
      queryBlock: queryBlock, keyBlock: keyBlock, causal: causal,
      alignment: alignment == .topLeft ? .topLeft : .bottomRight)
    return try run(
      try preparedPlan(problem), problem, try operands([("scores", scores)]))
  }

  private func run(
    _ prepared: PreparedPlan, _ problem: SelectionProblem, _ inputs: [BufferRange?]
  ) throws(TesseraError) -> BlockList {
    let indices = try Tensor(
      uninitialized: try Shape(problem.indexDimensions), dtype: .i32, on: self)
    let counts = try Tensor(
      uninitialized: try Shape(problem.countDimensions), dtype: .i32, on: self)
    try PlanExecutor.execute(
      prepared,
      operands: inputs + [
        try indices.contiguousRange("indices"), try counts.contiguousRange("counts"),
      ], on: context)
    return BlockList(
      indices: indices, counts: counts, queryBlock: problem.rows.queryBlock,
      keyBlock: problem.rows.keyBlock)
  }

  /// The plan `blockScores` would run, with its kernels built.
  package func preparedPlan(_ problem: BlockScoreProblem) throws(TesseraError) -> PreparedPlan {
    try plans.plan(problem) { () throws(TesseraError) in
      try PlanExecutor.prepare(
        try BlockScorePlanner.plan(problem, context.capabilities), on: context)
    }
  }

  /// The plan `selectBlocks` of queries and keys would run, with its kernels built.
  package func preparedPlan(
    _ scores: BlockScoreProblem, selecting problem: SelectionProblem
  ) throws(TesseraError) -> PreparedPlan {
    try plans.plan(Selecting(scores: scores, problem: problem)) { () throws(TesseraError) in
      try PlanExecutor.prepare(
        try BlockScorePlanner.plan(scores, selecting: problem, context.capabilities), on: context)
    }
  }

  /// The plan `selectBlocks` of scores would run, with its kernels built.
  package func preparedPlan(_ problem: SelectionProblem) throws(TesseraError) -> PreparedPlan {
    try plans.plan(problem) { () throws(TesseraError) in
      try PlanExecutor.prepare(try SelectPlanner.plan(problem, context.capabilities), on: context)
    }
  }
}

/// A selection with its scores, as a key of the plan cache.
private struct Selecting: Hashable, Sendable {
  let scores: BlockScoreProblem
  let problem: SelectionProblem
}
