package import TesseraCore
package import TesseraKernels
import TesseraRuntime

extension Device {
  /// Keys or values with their largest elements alone, packed.
  ///
  /// Every vector keeps the `D − ⌊sparsity·D⌋ + 1` elements of largest magnitude (all of them if
  /// `⌊sparsity·D⌋` is 0), of equal ones the lower channels.
  ///
  /// - Parameters:
  ///   - x: `[B, N, H, D]` of f32, f16 or bf16; N whole blocks of 64 tokens, D a multiple of 64.
  ///   - format: whether tiles are those of keys or of values, and the share of elements that goes.
  /// - Returns: bitmaps, offsets and the elements that stay. The work is recorded, not awaited; sizes do not
  ///   depend on the data.
  /// - Throws: `invalidArgument` naming what does not fit, `overLimit`, `outOfMemory`.
  ///
  /// Source: Joo et al., "Mustafar" (2025).
  public func prune(_ x: Tensor, _ format: PruningFormat) throws(TesseraError) -> PrunedTensor {
    let problem = try PruningProblem(x: (x.shape, x.dtype), format, unpacking: false)
    let prepared = try preparedPlan(problem)
    let source = try operand(x, "x")
    let result = PrunedTensor(
      format: format,
      bitmaps: try Tensor(
        uninitialized: try Shape(problem.bitmapDimensions), dtype: .u64, on: self),
      offsets: try Tensor(
        uninitialized: try Shape(problem.offsetDimensions), dtype: .i32, on: self),
      values: try Tensor(
        uninitialized: try Shape(problem.valueDimensions), dtype: x.dtype, on: self))
    try PlanExecutor.execute(
      prepared,
      operands: [
        source, try result.bitmaps.contiguousRange("bitmaps"),
        try result.offsets.contiguousRange("offsets"), try result.values.contiguousRange("values"),
      ], on: context)
    return result
  }

  /// The vectors `[B, N, H, D]` of packed ones, 0 where elements went. The work is recorded, not awaited.
  /// - Throws: `invalidArgument` naming what does not fit, `overLimit`, `outOfMemory`.
  public func unprune(_ x: PrunedTensor) throws(TesseraError) -> Tensor {
    let problem = try x.problem()
    let prepared = try preparedPlan(problem)
    let inputs = try operands([
      ("bitmaps", x.bitmaps), ("offsets", x.offsets), ("values", x.values),
    ])
    let result = try Tensor(
      uninitialized: try Shape(problem.dimensions), dtype: problem.dtype, on: self)
    try PlanExecutor.execute(
      prepared, operands: inputs + [try result.contiguousRange("x")], on: context)
    return result
  }

  /// Attention of one new token per sequence over packed keys and values and, behind them, whole ones.
  ///
  /// With k and v as the packed vectors made whole, followed by the recent ones:
  /// ```
  /// S = scale · q·k      LSE = ln Σ exp(S)      O = Σ exp(S − LSE)·v
  /// ```
  /// Packed elements are read where they lie; nothing is unpacked into memory. The blocks of a sequence are
  /// shared out to several workgroups, whose results are merged in a fixed order.
  ///
  /// - Parameters:
  ///   - q: `[B, H, D]` of f32, f16 or bf16; query head `h` reads KV head `h / (H/Hkv)`.
  ///   - keys: packed as keys, from `[B, N, Hkv, D]`.
  ///   - values: packed as values, from `[B, N, Hkv, Dv]`.
  ///   - recent: keys `[B, R, Hkv, D]` and values `[B, R, Hkv, Dv]` of the newest tokens, in the types of the
  ///     packed ones.
  ///   - scale: multiplies the scores; `D^-0.5` if nil. 0 means 0.
  ///   - splits: workgroups that share the blocks of a sequence; nil lets the planner choose.
  ///   - output: element type of O; that of `q` if nil.
  /// - Returns: O `[B, H, Dv]` and LSE f32 `[B, H]`. The work is recorded, not awaited.
  /// - Throws: `invalidArgument` naming the argument that does not fit, `overLimit`, `outOfMemory`.
  ///
  /// Source: Joo et al., "Mustafar" (2025).
  public func prunedAttention(
    _ q: Tensor, keys: PrunedTensor, values: PrunedTensor,
    recent: (keys: Tensor, values: Tensor)? = nil, scale: Float? = nil, splits: Int? = nil,
    output: DType? = nil
  ) throws(TesseraError) -> AttentionResult {
    let problem = try PrunedAttentionProblem(
      q: (q.shape, q.dtype), keys: try keys.problem(), values: try values.problem(),
      recentKeys: recent.map { ($0.keys.shape, $0.keys.dtype) },
      recentValues: recent.map { ($0.values.shape, $0.values.dtype) }, scale: scale, splits: splits,
      output: output)
    let prepared = try preparedPlan(problem)
    let inputs = try operands([
      ("q", q), ("key bitmaps", keys.bitmaps), ("key offsets", keys.offsets), ("keys", keys.values),
      ("value bitmaps", values.bitmaps), ("value offsets", values.offsets),
      ("values", values.values), ("recent keys", recent?.keys), ("recent values", recent?.values),
    ])
    let o = try Tensor(
      uninitialized: try Shape(problem.outputDimensions), dtype: problem.outputDType, on: self)
    let lse = try Tensor(uninitialized: try Shape(problem.lseDimensions), dtype: .f32, on: self)
    try PlanExecutor.execute(
      prepared, operands: inputs + [try o.contiguousRange("o"), try lse.contiguousRange("lse")],
      on: context)
    return AttentionResult(output: o, logSumExp: lse)
  }

  /// The plan `prune` or `unprune` would run, with its kernels built.
  package func preparedPlan(_ problem: PruningProblem) throws(TesseraError) -> PreparedPlan {
    try plans.plan(problem) { () throws(TesseraError) in
      try PlanExecutor.prepare(try PrunedPlanner.plan(problem, context.capabilities), on: context)
    }
  }

  /// The plan `prunedAttention` would run, with its kernels built.
  package func preparedPlan(
    _ problem: PrunedAttentionProblem
  ) throws(TesseraError) -> PreparedPlan {
    try plans.plan(problem) { () throws(TesseraError) in
      try PlanExecutor.prepare(try PrunedPlanner.plan(problem, context.capabilities), on: context)
    }
  }
}
