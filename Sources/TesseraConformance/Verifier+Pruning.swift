package import TesseraCore
import TesseraReference

extension Verifier {
  /// Judges packed vectors: equal to the definition's, but for what regions hold behind their ends.
  package static func pruning(
    _ problem: PruningProblem, x: HostTensor, bitmaps: HostTensor, offsets: HostTensor,
    values: HostTensor
  ) -> Verification {
    let gold = Reference.pruned(problem, x.doubles())
    let all = values.doubles()
    let own = gold.regions.enumerated().flatMap { index, region in
      Array(all[(index * problem.capacity)...].prefix(region.count))
    }
    let same = bitmaps.values(as: UInt64.self) == gold.bitmaps
    return Verification([
      ("bitmaps", Judge.equality([same ? 0 : 1], gold: [0], rowLength: 1)),
      (
        "offsets",
        Judge.equality(offsets.doubles(), gold: gold.offsets.map(Double.init), rowLength: 1)
      ),
      ("values", Judge.equality(own, gold: gold.regions.flatMap(\.self), rowLength: 8)),
    ])
  }

  /// Judges vectors made whole: equal to the definition's.
  package static func unpruning(
    _ problem: PruningProblem, bitmaps: HostTensor, offsets: HostTensor, values: HostTensor,
    x: HostTensor
  ) -> Verification {
    let gold = Reference.unpruned(
      problem, bitmaps: bitmaps.values(as: UInt64.self) ?? [], offsets: offsets.integers,
      values: values.doubles())
    return Verification([
      ("x", Judge.equality(x.doubles(), gold: gold, rowLength: problem.headDim))
    ])
  }

  /// Judges `o` and `lse` of an attention over a pruned cache.
  package static func prunedAttention(
    _ inputs: PrunedTensors, o: HostTensor, lse: HostTensor
  ) -> Verification {
    let (gold, problem) = (inputs.gold(), inputs.dense)
    return Verification([
      ("o", Judge.attention(problem, o.doubles(), gold: gold, plain: inputs.plain())),
      ("lse", Judge.logSumExp(problem, lse.doubles(), gold: gold)),
    ])
  }
}
