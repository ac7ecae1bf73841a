package import TesseraCore

/// One of the unfused halves of neighborhood attention, or the gradients of one.
///
/// Scores and weights are `[B, Y.., H, Π k]`, keys in row-major window order. All tensors but the bias
/// have the type `problem.dtype`; additional keys take no part.
package struct HalvesProblem: Sendable, Hashable, Codable {
  package enum Half: String, Sendable, Hashable, Codable, CaseIterable {
    /// `S = scale · q·k (+ bias)`; −∞ where there is no key. Operands: q, k, bias, keyMask, scores.
    case qk
    /// Operands: q, k, keyMask, dScores, dQ, dK, dBias.
    case qkBackward
    /// `O = Σ w·v`. Operands: weights, v, o.
    case av
    /// Operands: weights, v, dO, dWeights, dV.
    case avBackward
  }
  package var half: Half
  package var problem: NeighborhoodProblem

  package init(_ half: Half, _ problem: NeighborhoodProblem) {
    self.half = half
    self.problem = problem
  }

  /// Shape of scores and weights.
  /// - Throws: `overLimit` if the window of an axis of length 0 makes it overflow.
  package func weightDimensions() throws(TesseraError) -> [Int] {
    var keys = 1
    for axis in problem.axes {
      let (product, overflow) = keys.multipliedReportingOverflow(by: axis.window)
      guard !overflow else {
        throw .overLimit(
          "keys of a window", requested: "\(problem.axes.map(\.window))", limit: Int.max)
      }
      keys = product
    }
    let dimensions = [problem.batch] + problem.queryLengths + [problem.heads, keys]
    _ = try Shape(dimensions).byteCount(of: .f64)
    return dimensions
  }

  /// - Throws: `invalidArgument` or `overLimit` naming what does not fit.
  package func validate() throws(TesseraError) {
    try problem.validate()
    let weights = try weightDimensions()
    // A tensor without elements may have any other extents; their products are formed all the same.
    for dimensions in [
      weights, problem.queryDimensions, problem.keyDimensions, problem.valueDimensions,
      problem.outputDimensions,
    ] { _ = try Shape(dimensions.map { max($0, 1) }).byteCount(of: .f64) }
  }
}
