package import TesseraCore
package import TesseraKernels
import TesseraRuntime

/// The result of an attention with its normaliser.
public struct AttentionResult: Sendable {
  /// `[B, X.., H, Dv]`.
  public let output: Tensor
  /// Natural logarithm of the softmax denominator, f32 `[B, X.., H]`; −∞ for a query without keys.
  public let logSumExp: Tensor
}

extension Device {
  /// Neighborhood attention: each query attends the keys in a window around it.
  ///
  /// `O = softmax(scale · Q·Kᵀ over the window) · V`, computed in one pass with an online softmax. Along
  /// an axis of length `L` a window of `window` keys is centred on the query (`dilation` apart, shared
  /// by `stride` queries), shifted at the borders and never shrunk; a causal axis ends at the query.
  /// Over several axes the product of the axes' windows is attended.
  ///
  /// - Parameters:
  ///   - q: `[B, X.., H, D]` of f32, f16 or bf16 with one to three token axes `X`.
  ///   - k: `[B, X.., Hkv, D]`; query head `h` reads KV head `h / (H/Hkv)`.
  ///   - v: `[B, X.., Hkv, Dv]`.
  ///   - window: keys per query along each axis; one value serves all. `window · dilation ≤ L`.
  ///   - stride: queries that share a window; `1 ≤ stride ≤ window`.
  ///   - dilation: distance of neighbouring keys.
  ///   - causal: whether a query sees only keys at or before it, per axis.
  ///   - scale: multiplies the scores; `D^-0.5` if nil.
  ///   - extraKeys: `[B, E, Hkv, D]`, attended by every query in the same softmax.
  ///   - extraValues: `[B, E, Hkv, Dv]`.
  /// - Returns: `[B, X.., H, Dv]` in the type of `q`. The work is recorded, not awaited.
  /// - Throws: `invalidArgument` naming the parameter that does not fit, `overLimit`, `outOfMemory`.
  ///
  /// Source: Hassani et al., "Neighborhood Attention Transformer" (2023), "Generalized Neighborhood
  /// Attention" (2025).
  public func neighborhoodAttention(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, window: [Int], stride: [Int] = [1],
    dilation: [Int] = [1], causal: [Bool] = [false], scale: Float? = nil,
    extraKeys: Tensor? = nil, extraValues: Tensor? = nil
  ) throws(TesseraError) -> Tensor {
    try neighborhoodAttentionWithLSE(
      q, k, v, window: window, stride: stride, dilation: dilation, causal: causal, scale: scale,
      extraKeys: extraKeys, extraValues: extraValues
    ).output
  }

  /// Neighborhood attention that also returns the logarithm of each query's softmax denominator.
  ///
  /// The parameters are those of ``neighborhoodAttention(_:_:_:window:stride:dilation:causal:scale:extraKeys:extraValues:)``.
  public func neighborhoodAttentionWithLSE(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, window: [Int], stride: [Int] = [1],
    dilation: [Int] = [1], causal: [Bool] = [false], scale: Float? = nil,
    extraKeys: Tensor? = nil, extraValues: Tensor? = nil
  ) throws(TesseraError) -> AttentionResult {
    let problem = try NeighborhoodProblem(
      q: (q.shape, q.dtype), k: (k.shape, k.dtype), v: (v.shape, v.dtype),
      extraK: extraKeys.map { ($0.shape, $0.dtype) },
      extraV: extraValues.map { ($0.shape, $0.dtype) }, window: window, stride: stride,
      dilation: dilation, causal: causal, scale: scale)
    let ranges = [
      try operand(q, "q"), try operand(k, "k"), try operand(v, "v"),
      try optionalOperand(extraKeys, "extra_k"), try optionalOperand(extraValues, "extra_v"),
      nil, nil,
    ]
    let prepared = try preparedPlan(problem)
    let output = try Tensor(
      uninitialized: try Shape(problem.outputDimensions), dtype: problem.outputDType, on: self)
    let lse = try Tensor(uninitialized: try Shape(problem.lseDimensions), dtype: .f32, on: self)
    try PlanExecutor.execute(
      prepared,
      operands: ranges + [try output.contiguousRange("o"), try lse.contiguousRange("lse")],
      on: context)
    return AttentionResult(output: output, logSumExp: lse)
  }

  /// The plan `neighborhoodAttention` would run, with its kernels built.
  package func preparedPlan(_ problem: NeighborhoodProblem) throws(TesseraError) -> PreparedPlan {
    try plans.plan(problem) { () throws(TesseraError) in
      try PlanExecutor.prepare(
        try NeighborhoodPlanner.plan(problem, context.capabilities), on: context)
    }
  }

  private func optionalOperand(
    _ tensor: Tensor?, _ name: String
  ) throws(TesseraError) -> BufferRange? {
    guard let tensor else { return nil }
    return try operand(tensor, name)
  }
}
