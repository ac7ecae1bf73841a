import TesseraCore
import TesseraKernels
import TesseraRuntime

extension Device {
  /// A permutation of tokens as indices.
  ///
  /// - Parameters:
  ///   - permutation: an order of tokens.
  ///   - inverse: whether to return, instead of the token at each place of the new order, the
  ///     place of each token.
  /// - Returns: i32 `[tokens]`. The work is recorded, not awaited.
  /// - Throws: `invalidArgument` naming what does not fit, `overLimit`, `outOfMemory`.
  public func tokenOrder(
    _ permutation: TokenPermutation, inverse: Bool = false
  ) throws(TesseraError) -> Tensor {
    let problem = try PermutationProblem(permutation, inverse: inverse)
    let prepared = try preparedPlan(problem)
    let order = try Tensor(
      uninitialized: try Shape([permutation.tokens]), dtype: .i32, on: self)
    try PlanExecutor.execute(
      prepared, operands: [try order.contiguousRange("order")], on: context)
    return order
  }

  /// The tokens of a tensor in another order, or with `inverse` back in their own.
  ///
  /// What applies to q, k and v applies to the output with `inverse`: a band over tokens in an order of
  /// windows or places is many bands over their own order.
  /// ```swift
  /// let order = TokenPermutation(.firstAxisLast, shape: [frames, places])
  /// let o = try device.reordered(attention(try device.reordered(q, order), …), order, inverse: true)
  /// ```
  /// - Parameters:
  ///   - tensor: `[N, H, D]`, `[B, N, H, D]`, or any shape with `N` tokens on `axis`. Elements are moved
  ///     bit by bit where a token's are whole words, and else are f16 or bf16.
  ///   - permutation: an order of tokens.
  ///   - inverse: whether tokens go back to where they came from.
  ///   - axis: the axis of the tokens; the third from the end if nil, or the first.
  /// - Returns: a tensor of the same shape. The work is recorded, not awaited.
  /// - Throws: `invalidArgument` naming what does not fit, `unsupported` for tokens of odd bytes,
  ///   `overLimit`, `outOfMemory`.
  public func reordered(
    _ tensor: Tensor, _ permutation: TokenPermutation, inverse: Bool = false, axis: Int? = nil
  ) throws(TesseraError) -> Tensor {
    try require(tensor, "tensor")
    let axes = tensor.shape.dimensions
    let axis = axis ?? max(axes.count - 3, 0)
    guard axes.indices.contains(axis) else {
      throw .invalidArgument("axis", got: axis, allowed: "an axis of shape \(tensor.shape)")
    }
    try permutation.validate()
    guard axes[axis] == permutation.tokens else {
      throw .invalidArgument(
        "tensor", got: "\(axes[axis]) tokens on axis \(axis) of shape \(tensor.shape)",
        allowed: "\(permutation.tokens), those of the permutation")
    }
    let problem = try PermutationProblem(
      permutation, inverse: inverse,
      moved: .init(
        batch: try Shape(Array(axes[..<axis])).elementCount,
        row: try Shape(Array(axes[(axis + 1)...])).elementCount, dtype: tensor.dtype))
    let prepared = try preparedPlan(problem)
    let source = try operand(tensor, "tensor")
    let result = try Tensor(uninitialized: tensor.shape, dtype: tensor.dtype, on: self)
    try PlanExecutor.execute(
      prepared, operands: [source, try result.contiguousRange("result")], on: context)
    return result
  }

  private func preparedPlan(_ problem: PermutationProblem) throws(TesseraError) -> PreparedPlan {
    try plans.plan(problem) { () throws(TesseraError) in
      try PlanExecutor.prepare(
        try PermutationPlanner.plan(problem, context.capabilities), on: context)
    }
  }
}
