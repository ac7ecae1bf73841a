package import TesseraCore
package import TesseraKernels
import TesseraRuntime

extension Device {
  /// Lists of key blocks by rule, one list for all heads: made on the device, for any number of tokens.
  ///
  /// A row lists a block if any of its queries attends any key of the block.
  /// ```swift
  /// let lists = try device.pattern(
  ///   BlockPattern(.sinkLocal(sink: 4, left: 1023), causal: true), queries: 65_536, queryBlock: 64,
  ///   keyBlock: 64)
  /// let o = try device.blockListAttention(q, k, v, lists: lists, options: .init(causal: true))
  /// ```
  /// - Parameters:
  ///   - pattern: the rule.
  ///   - queries: tokens of the queries.
  ///   - keys: tokens of the keys; as many as queries if nil.
  ///   - queryBlock: queries per row, at least 1.
  ///   - keyBlock: keys per block, at least 1.
  ///   - batch: sequences, whose lists are the same.
  ///   - alignment: where query 0 stands if there are not as many queries as keys.
  ///   - columns: for `lines`, i32 `[1, C]`: keys that every query attends. Entries that are no key count
  ///     for nothing.
  ///   - slashes: for `lines`, i32 `[1, S]`: distances at which a query attends a key before it. Negative
  ///     ones count for nothing.
  /// - Returns: a list of shape `[batch, 1, R, W]`, ascending and then −1, with counts. The work is
  ///   recorded, not awaited.
  /// - Throws: `invalidArgument` naming the parameter that does not fit, `overLimit`, `outOfMemory`.
  public func pattern(
    _ pattern: BlockPattern, queries: Int, keys: Int? = nil, queryBlock: Int, keyBlock: Int,
    batch: Int = 1, alignment: AttentionOptions.Alignment = .bottomRight, columns: Tensor? = nil,
    slashes: Tensor? = nil
  ) throws(TesseraError) -> BlockList {
    try self.pattern(
      heads: [pattern], queries: queries, keys: keys, queryBlock: queryBlock, keyBlock: keyBlock,
      batch: batch, alignment: alignment, columns: columns, slashes: slashes)
  }

  /// Lists of key blocks by rule, with a rule for each head, in one launch.
  /// - Parameters:
  ///   - heads: the rule of each list: one, one per KV head or one per query head.
  ///   - queries: queries per sequence.
  ///   - keys: keys per sequence; as many as queries if nil.
  ///   - queryBlock: queries per row of a list.
  ///   - keyBlock: keys per block.
  ///   - batch: sequences.
  ///   - alignment: where query 0 stands among the keys.
  ///   - columns: for heads of rule `lines`, i32 `[heads, C]`.
  ///   - slashes: for heads of rule `lines`, i32 `[heads, S]`.
  /// - Returns: lists of shape `[batch, heads, R, W]`, with room for the longest row of any head.
  /// - Throws: as ``pattern(_:queries:keys:queryBlock:keyBlock:batch:alignment:columns:slashes:)``.
  public func pattern(
    heads: [BlockPattern], queries: Int, keys: Int? = nil, queryBlock: Int, keyBlock: Int,
    batch: Int = 1, alignment: AttentionOptions.Alignment = .bottomRight, columns: Tensor? = nil,
    slashes: Tensor? = nil
  ) throws(TesseraError) -> BlockList {
    for (name, tensor) in [("columns", columns), ("slashes", slashes)] {
      guard let tensor else { continue }
      try require(tensor, name)
      guard tensor.shape.rank == 2, tensor.shape[0] == heads.count else {
        throw .invalidArgument(
          name, got: "shape \(tensor.shape)", allowed: "[\(heads.count), n], a row per rule")
      }
      try require(tensor, name, tensor.shape.dimensions, .i32)
    }
    let problem = try PatternProblem(
      batch: batch, queries: queries, keys: keys ?? queries, topLeft: alignment == .topLeft,
      queryBlock: queryBlock, keyBlock: keyBlock, patterns: heads,
      columns: columns.map { $0.shape[1] } ?? 0, slashes: slashes.map { $0.shape[1] } ?? 0)
    let prepared = try preparedPlan(problem)
    let table = try Tensor(
      heads.flatMap(\.table), shape: try Shape([heads.count, BlockPattern.tableWords]), on: self)
    let inputs = try operands([("table", table), ("columns", columns), ("slashes", slashes)])
    let rows = [batch, heads.count, problem.rows]
    let indices = try Tensor(
      uninitialized: try Shape(rows + [problem.width]), dtype: .i32, on: self)
    let counts = try Tensor(uninitialized: try Shape(rows), dtype: .i32, on: self)
    try PlanExecutor.execute(
      prepared,
      operands: inputs + [
        try indices.contiguousRange("indices"), try counts.contiguousRange("counts"),
      ], on: context)
    return BlockList(
      indices: indices, counts: counts, queryBlock: queryBlock, keyBlock: keyBlock)
  }

  /// The plan that a pattern would run, with its kernels built.
  package func preparedPlan(_ problem: PatternProblem) throws(TesseraError) -> PreparedPlan {
    try plans.plan(problem) { () throws(TesseraError) in
      try PlanExecutor.prepare(try PatternPlanner.plan(problem, context.capabilities), on: context)
    }
  }
}
