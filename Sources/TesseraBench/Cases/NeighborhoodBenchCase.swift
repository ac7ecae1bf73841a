import Tessera
package import TesseraCore

/// Neighborhood self-attention over `lengths` tokens, or its gradients.
package struct NeighborhoodBenchCase: BenchCase {
  package var batch: Int
  package var lengths: [Int]
  package var heads: Int
  package var headDim: Int
  package var window: [Int]
  package var stride: [Int]
  package var dilation: [Int]
  package var causal: [Bool]
  package var backward: Bool
  package var dtype: DType

  /// Windows, strides, dilations and causal flags hold one value per axis, or one for all.
  package init(
    batch: Int, lengths: [Int], heads: Int, headDim: Int, window: [Int], stride: [Int] = [1],
    dilation: [Int] = [1], causal: [Bool] = [false], backward: Bool = false, dtype: DType
  ) {
    func perAxis<T>(_ values: [T]) -> [T] {
      values.count == 1 ? lengths.map { _ in values[0] } : values
    }
    self.batch = batch
    self.lengths = lengths
    self.heads = heads
    self.headDim = headDim
    self.window = perAxis(window)
    self.stride = perAxis(stride)
    self.dilation = perAxis(dilation)
    self.causal = perAxis(causal)
    self.backward = backward
    self.dtype = dtype
  }

  package var operation: String { backward ? "na-backward" : "na" }

  package var parameters: [String: BenchRow.Value] {
    [
      "batch": .int(batch), "lengths": .list(lengths), "heads": .int(heads),
      "headDim": .int(headDim), "window": .list(window), "stride": .list(stride),
      "dilation": .list(dilation), "causal": .list(causal.map { $0 ? 1 : 0 }),
    ]
  }

  package var title: String {
    func text(_ values: [Int]) -> String { values.map(String.init).joined(separator: "×") }
    return "\(text(lengths)) w\(text(window))"
      + (stride.allSatisfy { $0 == 1 } ? "" : " s\(text(stride))")
      + (dilation.allSatisfy { $0 == 1 } ? "" : " d\(text(dilation))")
      + (causal.contains(true) ? " causal \(text(causal.map { $0 ? 1 : 0 }))" : "")
      + " H\(heads) D\(headDim) B\(batch)"
  }

  package func setup(_ runner: BenchRunner) throws(TesseraError) -> CaseSetup {
    let problem = try problem()
    let line: (shape: Shape, dtype: DType) = (
      try Shape([batch, problem.tokens, heads, headDim]), dtype
    )
    let dense = try AttentionProblem(q: line, k: line, v: line)
    return try AttentionBench(
      attention: .neighborhood(problem), backward: backward, peer: .dense(dense)
    ).setup(runner)
  }

  package func tuning() throws(TesseraError) -> TuningProblem? {
    let problem = try problem()
    return AttentionBench(attention: .neighborhood(problem), backward: backward, peer: nil)
      .tuning(.neighborhood(problem))
  }

  private func problem() throws(TesseraError) -> NeighborhoodProblem {
    let grid: (shape: Shape, dtype: DType) = (
      try Shape([batch] + lengths + [heads, headDim]), dtype
    )
    return try NeighborhoodProblem(
      q: grid, k: grid, v: grid, window: window, stride: stride, dilation: dilation, causal: causal)
  }
}
