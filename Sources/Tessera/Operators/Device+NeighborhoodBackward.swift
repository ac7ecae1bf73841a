package import TesseraCore
package import TesseraKernels
import TesseraRuntime

extension Device {
  /// The gradients of `Σ dO∘O` of neighborhood attention. Keys and values gather from the queries whose
  /// windows hold them, without atomics: repeated runs give the same bits.
  ///
  /// ```
  /// P = exp(S − LSE)      δ = rowsum(dO∘O)      dS = P∘(dO·Vᵀ − δ)
  /// dQ = scale·dS·K       dK = scale·dSᵀ·Q      dV = Pᵀ·dO      dbias[h, o] = Σ dS
  /// ```
  /// The additional keys and values get theirs like any others; the bias's is summed over all batch
  /// entries, queries and keys of that relative position.
  ///
  /// - Parameters:
  ///   - q: as in the forward pass, like all parameters but the next three.
  ///   - k: the keys, as of the forward pass.
  ///   - v: the values, as of the forward pass.
  ///   - output: O of the forward pass.
  ///   - logSumExp: LSE of the forward pass, f32.
  ///   - outputGradient: dO, of the shape and type of `output`.
  ///   - window: keys per query along each axis, one value or one per axis.
  ///   - stride: queries that share a window, per axis.
  ///   - dilation: distance of neighbouring keys, per axis.
  ///   - causal: axes on which a query sees only keys at or before it.
  ///   - circular: axes that are rings: windows run around their ends.
  ///   - scale: multiplies the scores; D^-0.5 if nil.
  ///   - extraKeys: keys that every query attends besides, if there are any.
  ///   - extraValues: the values of `extraKeys`.
  ///   - bias: a relative-position bias, if there is one.
  ///   - keyMask: keys that may be attended, if not all.
  /// - Returns: gradients in the type of `q`, the bias's in f32. The work is recorded, not awaited.
  /// - Throws: `invalidArgument` naming the argument that does not fit, `overLimit`, `outOfMemory`.
  public func neighborhoodAttentionBackward(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, output: Tensor, logSumExp: Tensor,
    outputGradient: Tensor, window: [Int], stride: [Int] = [1], dilation: [Int] = [1],
    causal: [Bool] = [false], circular: [Bool] = [false], scale: Float? = nil,
    extraKeys: Tensor? = nil, extraValues: Tensor? = nil, bias: Tensor? = nil,
    keyMask: Tensor? = nil
  ) throws(TesseraError) -> NeighborhoodGradients {
    let call = try NeighborhoodCall(
      q, k, v, window: window, stride: stride, dilation: dilation, causal: causal,
      circular: circular, scale: scale, extraKeys: extraKeys, extraValues: extraValues, bias: bias,
      keyMask: keyMask, output: output.dtype)
    let problem = call.problem
    try require(output, "o", problem.outputDimensions, problem.outputDType)
    try require(logSumExp, "lse", problem.lseDimensions, .f32)
    try require(outputGradient, "do", problem.outputDimensions, problem.outputDType)
    let prepared = try preparedBackwardPlan(problem)
    let inputs = try operands(
      call.inputs + [("o", output), ("lse", logSumExp), ("do", outputGradient)])
    func gradient(_ dimensions: [Int]) throws(TesseraError) -> Tensor {
      try Tensor(uninitialized: try Shape(dimensions), dtype: problem.dtype, on: self)
    }
    let (dQ, dK, dV) = (
      try gradient(problem.queryDimensions), try gradient(problem.keyDimensions),
      try gradient(problem.valueDimensions)
    )
    let dExtraK = try extraKeys.map { tensor throws(TesseraError) in
      try gradient(tensor.shape.dimensions)
    }
    let dExtraV = try extraValues.map { tensor throws(TesseraError) in
      try gradient(tensor.shape.dimensions)
    }
    let dBias = try bias.map { tensor throws(TesseraError) in
      try Tensor(uninitialized: tensor.shape, dtype: .f32, on: self)
    }
    var ranges = inputs
    for tensor in [dQ, dK, dV, dExtraK, dExtraV, dBias] {
      ranges.append(
        try tensor.map { tensor throws(TesseraError) in try tensor.contiguousRange("gradient") })
    }
    try PlanExecutor.execute(prepared, operands: ranges, on: context)
    return NeighborhoodGradients(
      queries: dQ, keys: dK, values: dV, extraKeys: dExtraK, extraValues: dExtraV, bias: dBias)
  }

  /// The plan `neighborhoodAttentionBackward` would run, with its kernels built.
  package func preparedBackwardPlan(
    _ problem: NeighborhoodProblem
  ) throws(TesseraError) -> PreparedPlan {
    try plans.plan(BackwardOf(problem: problem)) { () throws(TesseraError) in
      try PlanExecutor.prepare(
        try NeighborhoodPlanner.planBackward(problem, context.capabilities), on: context)
    }
  }
}
