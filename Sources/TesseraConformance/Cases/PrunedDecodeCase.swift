package import Tessera
package import TesseraCore
package import TesseraKernels
import TesseraReference

/// Attention over a pruned cache.
package struct PrunedDecodeCase: ConformanceCase {
  package let attention: PrunedTensors

  init(_ variant: ConformanceVariant, _ random: inout SeededRandom) throws(TesseraError) {
    var own = variant
    let dtype = variant.dtype
    let (dim, valueDim) = [(64, 64), (128, 128), (64, 192), (128, 64)][variant.index % 4]
    let group = own.pick([1, 4, 2, 8, 3, 12])
    let cache = own.pick([dtype, dtype, .f16])
    let (batch, kvHeads) = (random.integer(in: 1...2), random.integer(in: 1...2))
    let tokens = 64 * random.integer(in: 0...4)
    let recent = random.pick([0, 1, 32, 64, 65, 130])
    func side(
      _ random: inout SeededRandom, _ tiles: PruningFormat.Tiles, _ dim: Int
    ) throws(TesseraError) -> (PruningProblem, [HostTensor], HostTensor?) {
      let shape = try Shape([batch, tokens, kvHeads, dim])
      // Scores of hundreds would be judged by how their rounding falls.
      let x = try PruneCase.vectors(shape, cache, &random, outlier: -12)
      let problem = try PruningProblem(
        x: (shape, cache), PruningFormat(tiles, sparsity: PruneCase.sparsity(&random)),
        unpacking: true)
      let new =
        recent > 0 ? try random.tensor([batch, recent, kvHeads, dim], cache, deviation: 1) : nil
      return (problem, try PrunedTensors.packed(problem, x), new)
    }
    let (keys, packedKeys, newKeys) = try side(&random, .keys, dim)
    let (values, packedValues, newValues) = try side(&random, .values, valueDim)
    let q = try random.tensor(
      [batch, kvHeads * group, dim], dtype, deviation: Double(random.pick([1, 1, 3])))
    attention = try PrunedTensors(
      try PrunedAttentionProblem(
        q: q.described, keys: keys, values: values, recentKeys: newKeys?.described,
        recentValues: newValues?.described, splits: random.pick([nil, nil, 1, 2, 5]),
        output: variant.index % 5 == 3 ? .f32 : nil),
      q: q, keys: packedKeys, values: packedValues, recentKeys: newKeys, recentValues: newValues)
  }

  package var inputs: [HostTensor?] { attention.operands }

  package func outputs() throws(TesseraError) -> [ConformanceOutput?] {
    let problem = attention.problem
    return try ConformanceOutput.attention(
      problem.outputDType, problem.outputDimensions, lse: problem.lseDimensions)
  }

  package var summary: String { "\(attention.problem)" }

  package func prepare(on device: Device) throws(TesseraError) -> PreparedPlan {
    try device.preparedPlan(attention.problem)
  }

  package func verify(_ results: [HostTensor]) throws(TesseraError) -> Verification {
    Verifier.prunedAttention(attention, o: results[0], lse: results[1])
  }
}
