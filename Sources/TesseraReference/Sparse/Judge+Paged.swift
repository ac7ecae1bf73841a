package import TesseraCore

extension Judge {
  /// Attention over a paged cache: the criteria of dense attention.
  package static func attention(
    _ problem: PagedProblem, _ values: [Double], gold: AttentionOracle, plain: [Double]
  ) -> Verdict {
    attention(
      headDim: problem.headDim, valueDim: problem.valueDim, dtype: problem.dtype,
      output: problem.outputDType, values, gold: gold, plain: plain)
  }

  /// LSE of attention over a paged cache: the bound of dense attention.
  package static func logSumExp(
    _ problem: PagedProblem, _ values: [Double], gold: AttentionOracle
  ) -> Verdict {
    logSumExp(headDim: problem.headDim, heads: problem.heads, values, gold: gold)
  }
}
