import TesseraCore
import TesseraKernels
import TesseraRuntime

/// The gradients of sums of values over neighborhood windows.
public struct NeighborhoodValueGradients: Sendable {
  /// Gradient of the weights; 0 past the end of causal windows.
  public let weights: Tensor
  /// Gradient of the values, summed over the query heads of each KV head.
  public let values: Tensor
}

extension Device {
  /// Sums of values over neighborhood windows, with weights of one's own: `O = Σ w·v`.
  ///
  /// Entries of `weights` past the end of a causal window are taken as 0 and not read.
  /// - Parameters:
  ///   - weights: `[B, Y.., H, Π window]`, keys in row-major window order, as `naQK` gives them.
  ///   - v: `[B, X.., Hkv, Dv]` in the type of the weights; query head `h` reads KV head `h / (H/Hkv)`.
  ///   - window: as in `neighborhoodAttention`, like the rest.
  ///   - stride: queries that share a window, per axis.
  ///   - dilation: distance of neighbouring keys, per axis.
  ///   - causal: axes on which a query sees only keys at or before it.
  ///   - circular: axes that are rings: windows run around their ends.
  /// - Returns: `[B, Y.., H, Dv]` in the same type. The work is recorded, not awaited.
  /// - Throws: `invalidArgument` naming the parameter that does not fit, `overLimit`, `outOfMemory`.
  public func naAV(
    _ weights: Tensor, _ v: Tensor, window: [Int], stride: [Int] = [1], dilation: [Int] = [1],
    causal: [Bool] = [false], circular: [Bool] = [false]
  ) throws(TesseraError) -> Tensor {
    let half = try valueHalf(
      .av, weights, v, window: window, stride: stride, dilation: dilation, causal: causal,
      circular: circular)
    let prepared = try preparedPlan(half)
    let inputs = try operands([("weights", weights), ("v", v)])
    let o = try Tensor(
      uninitialized: try Shape(half.problem.outputDimensions), dtype: v.dtype, on: self)
    try PlanExecutor.execute(
      prepared, operands: inputs + [try o.contiguousRange("o")], on: context)
    return o
  }

  /// The gradients of `Σ dO·O` of ``naAV(_:_:window:stride:dilation:causal:circular:)``.
  ///
  /// Values gather from the queries whose windows hold them, without atomics: repeated runs give the
  /// same bits.
  /// - Parameters:
  ///   - weights: one weight per query, head and key of its window.
  ///   - v: the values, as of the forward pass.
  ///   - outputGradient: dO, of the shape and type of the output.
  ///   - window: keys per query along each axis, one value or one per axis.
  ///   - stride: queries that share a window, per axis.
  ///   - dilation: distance of neighbouring keys, per axis.
  ///   - causal: axes on which a query sees only keys at or before it.
  ///   - circular: axes that are rings: windows run around their ends.
  /// - Throws: `invalidArgument` naming the argument that does not fit, `overLimit`, `outOfMemory`.
  public func naAVBackward(
    _ weights: Tensor, _ v: Tensor, outputGradient: Tensor, window: [Int], stride: [Int] = [1],
    dilation: [Int] = [1], causal: [Bool] = [false], circular: [Bool] = [false]
  ) throws(TesseraError) -> NeighborhoodValueGradients {
    let half = try valueHalf(
      .avBackward, weights, v, window: window, stride: stride, dilation: dilation, causal: causal,
      circular: circular)
    try require(outputGradient, "do", half.problem.outputDimensions, v.dtype)
    let prepared = try preparedPlan(half)
    let inputs = try operands([("weights", weights), ("v", v), ("do", outputGradient)])
    let dWeights = try Tensor(uninitialized: weights.shape, dtype: weights.dtype, on: self)
    let dV = try Tensor(uninitialized: v.shape, dtype: v.dtype, on: self)
    try PlanExecutor.execute(
      prepared,
      operands: inputs + [
        try dWeights.contiguousRange("dweights"), try dV.contiguousRange("dv"),
      ], on: context)
    return NeighborhoodValueGradients(weights: dWeights, values: dV)
  }

  /// The problem that weights and values pose; the weights stand for the queries.
  private func valueHalf(
    _ half: HalvesProblem.Half, _ weights: Tensor, _ v: Tensor, window: [Int], stride: [Int],
    dilation: [Int], causal: [Bool], circular: [Bool]
  ) throws(TesseraError) -> HalvesProblem {
    guard (4...6).contains(weights.shape.rank) else {
      throw .invalidArgument(
        "weights", got: "shape \(weights.shape)",
        allowed: "[B, Y.., H, Π window] with one to three token axes")
    }
    guard v.shape.rank == weights.shape.rank, v.shape[0] == weights.shape[0] else {
      throw .invalidArgument(
        "v", got: "shape \(v.shape)",
        allowed: "[B, X.., Hkv, Dv] with the B and axes of weights, \(weights.shape)")
    }
    guard weights.dtype == v.dtype else {
      throw .invalidArgument(
        "weights element type", got: weights.dtype, allowed: "\(v.dtype), as v")
    }
    let q = try Shape(Array(weights.shape.dimensions.dropLast()) + [v.shape[-1]])
    let problem = try NeighborhoodProblem(
      q: (q, v.dtype), k: (v.shape, v.dtype), v: (v.shape, v.dtype), bias: nil, keyMask: nil,
      circular: circular, window: window, stride: stride, dilation: dilation, causal: causal)
    let result = HalvesProblem(half, problem)
    try result.validate()
    try require(weights, "weights", try result.weightDimensions(), v.dtype)
    return result
  }
}
