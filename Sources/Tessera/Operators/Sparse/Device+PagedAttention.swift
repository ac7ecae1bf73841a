package import TesseraCore
package import TesseraKernels
import TesseraRuntime

extension Device {
  /// Attention of a few new tokens per sequence over a cache of keys and values that lies in pages.
  ///
  /// Query `i` of sequence `b` stands at position `t = lengths[b] − Nq + i` and attends the positions
  /// ```
  /// j ≤ t,   and with lists: j / keyBlock in the list of (b, h·Hl / H)
  /// S = cap(scale · q·k)      LSE = ln(Σ exp(S) + exp(sink_h))      O = Σ exp(S − LSE)·v
  /// ```
  /// A query that attends nothing has O = 0; its LSE is −∞, or the sink. The keys of a sequence are
  /// shared out to several workgroups, whose results are merged in a fixed order.
  ///
  /// - Parameters:
  ///   - q: `[B, Nq, H, D]`, or `[B, H, D]` for one new token, of f32, f16 or bf16; query head `h` reads KV
  ///     head `h / (H/Hkv)`.
  ///   - cache: pages, block table and lengths. Page size 1 is a gather of tokens. Pages in another type, or
  ///     in codes, are read as they are, for at most 16 rows (Nq × the query heads that share a list and a
  ///     KV head) and head dimensions that are multiples of 8; for others the pool becomes f32 first.
  ///   - options: lists, sinks, cap, scale, splits, unified maximum.
  /// - Returns: the shape of `q` with Dv instead of D, in its type. The work is recorded, not awaited;
  ///   nothing waits for lengths or tables to reach the host.
  /// - Throws: `invalidArgument` naming the argument that does not fit, `overLimit`, `outOfMemory`.
  ///
  /// Sources: Kwon et al., "Efficient Memory Management for Large Language Model Serving with
  /// PagedAttention" (2023); Dao et al., "Flash-Decoding" (2023) for the splits; Hong et al.,
  /// "FlashDecoding++" (2024) for the unified maximum.
  public func pagedAttention(
    _ q: Tensor, _ cache: PagedCache, options: PagedOptions = PagedOptions()
  ) throws(TesseraError) -> Tensor {
    try pagedAttentionWithLSE(q, cache, options: options).output
  }

  /// Attention over a paged cache that also returns the logarithm of each query's softmax denominator,
  /// f32 `[B, Nq, H]` or `[B, H]`. Otherwise as ``pagedAttention(_:_:options:)``.
  public func pagedAttentionWithLSE(
    _ q: Tensor, _ cache: PagedCache, options: PagedOptions = PagedOptions()
  ) throws(TesseraError) -> AttentionResult {
    let problem = try options.problem(q, cache)
    let prepared = try preparedPlan(problem)
    let inputs = try operands([
      ("q", q), ("k pages", cache.keys), ("v pages", cache.values),
      ("block table", cache.blockTable), ("lengths", cache.lengths), ("indices", options.indices),
      ("counts", options.counts), ("sinks", options.sinks),
      ("k parameters", cache.quantizedKeys?.parameters),
      ("v parameters", cache.quantizedValues?.parameters),
    ])
    // One new token may come without its axis.
    let lead = q.shape.dimensions.dropLast()
    let output = try Tensor(
      uninitialized: try Shape(lead + [problem.valueDim]), dtype: problem.outputDType, on: self)
    let lse = try Tensor(uninitialized: try Shape(Array(lead)), dtype: .f32, on: self)
    try PlanExecutor.execute(
      prepared,
      operands: inputs + [try output.contiguousRange("o"), try lse.contiguousRange("lse")],
      on: context)
    return AttentionResult(output: output, logSumExp: lse)
  }

  /// The plan `pagedAttention` would run, with its kernels built.
  package func preparedPlan(_ problem: PagedProblem) throws(TesseraError) -> PreparedPlan {
    try plans.plan(problem) { () throws(TesseraError) in
      try prepared { capabilities throws(TesseraError) in try PagedPlanner.plan(problem, capabilities) }
    }
  }
}

extension PagedOptions {
  /// Describes the attention of these tensors.
  func problem(_ q: Tensor, _ cache: PagedCache) throws(TesseraError) -> PagedProblem {
    try PagedProblem(
      q: (q.shape, q.dtype), k: (cache.keys.shape, cache.keys.dtype),
      v: (cache.values.shape, cache.values.dtype),
      blockTable: (cache.blockTable.shape, cache.blockTable.dtype),
      lengths: (cache.lengths.shape, cache.lengths.dtype),
      indices: indices.map { ($0.shape, $0.dtype) }, counts: counts.map { ($0.shape, $0.dtype) },
      keyBlock: keyBlock, sinks: sinks.map { ($0.shape, $0.dtype) }, softCap: softCap,
      scale: scale, splits: splits, unifiedMaximum: unifiedMaximum, output: output,
      keyCodes: cache.quantizedKeys?.description, valueCodes: cache.quantizedValues?.description)
  }
}
