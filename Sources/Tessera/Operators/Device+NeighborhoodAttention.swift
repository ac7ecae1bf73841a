package import TesseraCore
package import TesseraKernels
import TesseraRuntime

extension Device {
  /// Neighborhood attention: each query attends the keys in a window around it.
  ///
  /// `O = softmax(scale · Q·Kᵀ + bias, over the window) · V`, computed in one pass with an online
  /// softmax. Along an axis of length `L` a window of `window` keys is centred on the query (`dilation`
  /// apart, shared by `stride` queries), shifted at the borders and never shrunk; a causal axis ends at
  /// the query, a circular one runs around the ends. Over several axes the product of the axes' windows
  /// is attended. A query without keys has O = 0 and LSE = −∞.
  ///
  /// Queries may lie on a grid of their own: along each axis there are as many as keys, or a multiple, or
  /// a divisor of their number. Each then gets the window of the key position it is centred on. This, the
  /// bias, the mask and circular axes are defined in
  /// `Documentation/Operators/neighborhood-extensions.md`.
  ///
  /// - Parameters:
  ///   - q: `[B, Y.., H, D]` of f32, f16 or bf16 with one to three token axes `Y`.
  ///   - k: `[B, X.., Hkv, D]`, usually with X = Y; query head `h` reads KV head `h / (H/Hkv)`.
  ///   - v: `[B, X.., Hkv, Dv]`.
  ///   - window: keys per query along each axis; one value serves all. `window · dilation ≤ L`.
  ///   - stride: queries that share a window; `1 ≤ stride ≤ window`.
  ///   - dilation: distance of neighbouring keys.
  ///   - causal: whether a query sees only keys at or before it, per axis.
  ///   - circular: whether an axis is a ring, per axis; then it is not causal and `dilation` divides `L`.
  ///   - scale: multiplies the scores; `D^-0.5` if nil.
  ///   - extraKeys: `[B, E, Hkv, D]`, attended by every query in the same softmax, without bias or mask.
  ///   - extraValues: `[B, E, Hkv, Dv]`.
  ///   - bias: `[H, 2·window − 1 per axis..]`, f32, added to the scores by relative position; −∞ hides.
  ///   - keyMask: `[B, X..]`, bool; keys whose entry is false are attended by no query.
  /// - Returns: `[B, Y.., H, Dv]` in the type of `q`. The work is recorded, not awaited. Views that are
  ///   not contiguous are copied first.
  /// - Throws: `invalidArgument` naming the parameter that does not fit, `overLimit`, `outOfMemory`.
  ///
  /// Source: Hassani et al., "Neighborhood Attention Transformer" (2023), "Generalized Neighborhood
  /// Attention" (2025).
  public func neighborhoodAttention(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, window: [Int], stride: [Int] = [1],
    dilation: [Int] = [1], causal: [Bool] = [false], circular: [Bool] = [false],
    scale: Float? = nil, extraKeys: Tensor? = nil, extraValues: Tensor? = nil,
    bias: Tensor? = nil, keyMask: Tensor? = nil
  ) throws(TesseraError) -> Tensor {
    try neighborhoodAttentionWithLSE(
      q, k, v, window: window, stride: stride, dilation: dilation, causal: causal,
      circular: circular, scale: scale, extraKeys: extraKeys, extraValues: extraValues, bias: bias,
      keyMask: keyMask
    ).output
  }

  /// Neighborhood attention that also returns the logarithm of each query's softmax denominator, f32
  /// `[B, Y.., H]`, which the gradients need. Otherwise as
  /// ``neighborhoodAttention(_:_:_:window:stride:dilation:causal:circular:scale:extraKeys:extraValues:bias:keyMask:)``.
  public func neighborhoodAttentionWithLSE(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, window: [Int], stride: [Int] = [1],
    dilation: [Int] = [1], causal: [Bool] = [false], circular: [Bool] = [false],
    scale: Float? = nil, extraKeys: Tensor? = nil, extraValues: Tensor? = nil,
    bias: Tensor? = nil, keyMask: Tensor? = nil
  ) throws(TesseraError) -> AttentionResult {
    let call = try NeighborhoodCall(
      q, k, v, window: window, stride: stride, dilation: dilation, causal: causal,
      circular: circular, scale: scale, extraKeys: extraKeys, extraValues: extraValues, bias: bias,
      keyMask: keyMask)
    let problem = call.problem
    let prepared = try preparedPlan(problem)
    let inputs = try operands(call.inputs)
    let output = try Tensor(
      uninitialized: try Shape(problem.outputDimensions), dtype: problem.outputDType, on: self)
    let lse = try Tensor(uninitialized: try Shape(problem.lseDimensions), dtype: .f32, on: self)
    try PlanExecutor.execute(
      prepared,
      operands: inputs + [try output.contiguousRange("o"), try lse.contiguousRange("lse")],
      on: context)
    return AttentionResult(output: output, logSumExp: lse)
  }

  /// The plan `neighborhoodAttention` would run, with its kernels built.
  package func preparedPlan(_ problem: NeighborhoodProblem) throws(TesseraError) -> PreparedPlan {
    try plans.plan(problem) { () throws(TesseraError) in
      try prepared(for: .neighborhood(problem)) { capabilities, measured throws(TesseraError) in
        try NeighborhoodPlanner.plan(problem, capabilities, measured: measured)
      }
    }
  }
}
