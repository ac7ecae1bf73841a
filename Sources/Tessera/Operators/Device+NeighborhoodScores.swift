import TesseraCore
import TesseraKernels
import TesseraRuntime

/// The gradients of the scores of neighborhood attention, in the types and shapes of what they belong to.
public struct NeighborhoodScoreGradients: Sendable {
  /// Gradient of the queries.
  public let queries: Tensor
  /// Gradient of the keys, summed over the query heads of each KV head.
  public let keys: Tensor
  /// Gradient of the relative-position bias, f32; nil if the scores had none.
  public let bias: Tensor?
}

extension Device {
  /// The scores of neighborhood attention, unfused: `S = scale · q·k (+ bias)` for each key of a query's
  /// window.
  ///
  /// Keys are in row-major window order. Entries past the end of a causal window, and masked keys, have
  /// the score −∞. The parameters are those of
  /// ``neighborhoodAttention(_:_:_:window:stride:dilation:causal:circular:scale:extraKeys:extraValues:bias:keyMask:)``.
  /// - Returns: `[B, Y.., H, Π window]` in the type of `q`. The work is recorded, not awaited.
  /// - Throws: `invalidArgument` naming the parameter that does not fit, `overLimit`, `outOfMemory`.
  public func naQK(
    _ q: Tensor, _ k: Tensor, window: [Int], stride: [Int] = [1], dilation: [Int] = [1],
    causal: [Bool] = [false], circular: [Bool] = [false], scale: Float? = nil, bias: Tensor? = nil,
    keyMask: Tensor? = nil
  ) throws(TesseraError) -> Tensor {
    let call = try NeighborhoodCall(
      q, k, k, window: window, stride: stride, dilation: dilation, causal: causal,
      circular: circular, scale: scale, extraKeys: nil, extraValues: nil, bias: bias,
      keyMask: keyMask)
    let half = HalvesProblem(.qk, call.problem)
    let shape = try Shape(try half.weightDimensions())
    let prepared = try preparedPlan(half)
    let inputs = try operands([("q", q), ("k", k), ("bias", bias), ("key_mask", keyMask)])
    let scores = try Tensor(uninitialized: shape, dtype: q.dtype, on: self)
    try PlanExecutor.execute(
      prepared, operands: inputs + [try scores.contiguousRange("scores")], on: context)
    return scores
  }

  /// The gradients of `Σ dS·S` of ``naQK(_:_:window:stride:dilation:causal:circular:scale:bias:keyMask:)``.
  ///
  /// Keys gather from the queries whose windows hold them, without atomics: repeated runs give the same
  /// bits.
  /// - Parameters:
  ///   - q: the queries.
  ///   - k: the keys, as of the forward pass.
  ///   - scoreGradient: dS, of the shape and type of the scores. Entries past the end of a causal window,
  ///     and of masked keys, are not read.
  ///   - window: keys per query along each axis, one value or one per axis.
  ///   - stride: queries that share a window, per axis.
  ///   - dilation: distance of neighbouring keys, per axis.
  ///   - causal: axes on which a query sees only keys at or before it.
  ///   - circular: axes that are rings: windows run around their ends.
  ///   - scale: multiplies the scores; D^-0.5 if nil.
  ///   - relativeBias: whether the scores had a bias, whose gradient is then returned, too.
  ///   - keyMask: keys that may be attended, if not all.
  /// - Throws: `invalidArgument` naming the argument that does not fit, `overLimit`, `outOfMemory`.
  public func naQKBackward(
    _ q: Tensor, _ k: Tensor, scoreGradient: Tensor, window: [Int], stride: [Int] = [1],
    dilation: [Int] = [1], causal: [Bool] = [false], circular: [Bool] = [false],
    scale: Float? = nil, relativeBias: Bool = false, keyMask: Tensor? = nil
  ) throws(TesseraError) -> NeighborhoodScoreGradients {
    var problem = try NeighborhoodCall(
      q, k, k, window: window, stride: stride, dilation: dilation, causal: causal,
      circular: circular, scale: scale, extraKeys: nil, extraValues: nil, bias: nil,
      keyMask: keyMask
    ).problem
    if relativeBias {
      var extensions =
        problem.extensions
        ?? .init(circular: problem.circular, queryLengths: problem.queryLengths)
      extensions.relativeBias = true
      problem.extensions = extensions
    }
    let half = HalvesProblem(.qkBackward, problem)
    try half.validate()
    try require(scoreGradient, "ds", try half.weightDimensions(), q.dtype)
    let prepared = try preparedPlan(half)
    let inputs = try operands(
      [("q", q), ("k", k), ("key_mask", keyMask), ("ds", scoreGradient)])
    let dQ = try Tensor(uninitialized: q.shape, dtype: q.dtype, on: self)
    let dK = try Tensor(uninitialized: k.shape, dtype: k.dtype, on: self)
    let dBias =
      relativeBias
      ? try Tensor(uninitialized: try Shape(problem.biasDimensions), dtype: .f32, on: self) : nil
    try PlanExecutor.execute(
      prepared,
      operands: inputs + [
        try dQ.contiguousRange("dq"), try dK.contiguousRange("dk"),
        try dBias.map { tensor throws(TesseraError) in try tensor.contiguousRange("dbias") },
      ], on: context)
    return NeighborhoodScoreGradients(queries: dQ, keys: dK, bias: dBias)
  }

  /// The plan one of the halves would run, with its kernels built.
  func preparedPlan(_ half: HalvesProblem) throws(TesseraError) -> PreparedPlan {
    try plans.plan(half) { () throws(TesseraError) in
      try PlanExecutor.prepare(try HalvesPlanner.plan(half, context.capabilities), on: context)
    }
  }
}
