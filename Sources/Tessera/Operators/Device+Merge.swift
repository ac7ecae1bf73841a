import TesseraCore
import TesseraKernels
import TesseraRuntime

extension Device {
  /// One attention from parts over disjoint sets of keys:
  /// `LSE = ln Σ exp LSE_i`, `O = Σ exp(LSE_i − LSE)·O_i`.
  ///
  /// A part contributes nothing to rows where its LSE is −∞, whatever its output holds there; where all
  /// are, O is 0 and LSE −∞.
  ///
  /// - Parameters:
  ///   - parts: one or more results of attentions of the same queries: `o` `[rows.., Dv]` of f32, f16 or
  ///     bf16, `lse` `[rows..]` of f32.
  ///   - output: element type of the result; that of the parts if nil.
  /// - Returns: O in the shape of a part, and LSE. The work is recorded, not awaited.
  /// - Throws: `invalidArgument` naming the part that does not fit, `overLimit`, `outOfMemory`.
  public func mergeAttention(
    _ parts: [(o: Tensor, lse: Tensor)], output: DType? = nil
  ) throws(TesseraError) -> AttentionResult {
    guard let first = parts.first else {
      throw .invalidArgument("parts", got: "none", allowed: "at least one")
    }
    let (shape, dtype) = (first.o.shape, first.o.dtype)
    guard shape.rank >= 1 else {
      throw .invalidArgument("o of part 0", got: "shape \(shape)", allowed: "[rows.., Dv]")
    }
    let rows = try Shape(Array(shape.dimensions.dropLast()))
    for (index, part) in parts.enumerated() {
      try require(part.o, "o of part \(index)")
      try require(part.lse, "lse of part \(index)")
      try require(part.o, "o of part \(index)", shape.dimensions, dtype)
      try require(part.lse, "lse of part \(index)", rows.dimensions, .f32)
    }
    let problem = MergeProblem(
      parts: parts.count, rows: rows.elementCount, valueDim: shape[-1], dtype: dtype,
      outputDType: output)
    let prepared = try plans.plan(problem) { () throws(TesseraError) in
      try PlanExecutor.prepare(try MergePlanner.plan(problem, context.capabilities), on: context)
    }
    let o = try Tensor(uninitialized: shape, dtype: problem.outputDType, on: self)
    let lse = try Tensor(uninitialized: rows, dtype: .f32, on: self)
    let ranges = [
      try together(parts.map(\.o), "o"), try together(parts.map(\.lse), "lse"),
      try o.contiguousRange("o"), try lse.contiguousRange("lse"),
    ]
    try PlanExecutor.execute(prepared, operands: ranges, on: context)
    return AttentionResult(output: o, logSumExp: lse)
  }

  /// Tensors of one shape behind one another: the tensor itself if it is one, else a copy.
  private func together(_ tensors: [Tensor], _ name: String) throws(TesseraError) -> BufferRange {
    if tensors.count == 1 { return try operand(tensors[0], name) }
    let shape = try Shape([tensors.count] + tensors[0].shape.dimensions)
    let result = try Tensor(uninitialized: shape, dtype: tensors[0].dtype, on: self)
    let byteCount = tensors[0].shape.elementCount * tensors[0].dtype.byteCount
    guard byteCount > 0 else { return try result.contiguousRange(name) }
    for (index, tensor) in tensors.enumerated() {
      try context.copy(
        from: try operand(tensor, name),
        to: BufferRange(result.allocation, offset: index * byteCount, byteCount: byteCount))
    }
    return try result.contiguousRange(name)
  }
}
