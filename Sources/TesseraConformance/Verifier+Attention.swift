package import TesseraCore
import TesseraReference

extension Verifier {
  /// Judges `o` and `lse` of a dense attention.
  package static func attention(
    _ inputs: AttentionInputs, o: HostTensor, lse: HostTensor
  ) -> Verification {
    let gold = inputs.gold()
    return Verification([
      ("o", Judge.attention(inputs.problem, o.doubles(), gold: gold, plain: inputs.plain())),
      ("lse", Judge.logSumExp(inputs.problem, lse.doubles(), gold: gold)),
    ])
  }

  /// Judges the gradients of a dense attention.
  package static func attentionBackward(
    _ inputs: AttentionInputs, dO: HostTensor, dQ: HostTensor, dK: HostTensor, dV: HostTensor
  ) -> Verification {
    let problem = inputs.problem
    let (gold, plain) = inputs.gradients(dO: dO)
    let dtype = coarsest(problem.dtype, problem.outputDType)
    return Verification([
      gradient("dq", dQ, gold.dq, plain.dq, problem.headDim, dtype),
      gradient("dk", dK, gold.dk, plain.dk, problem.headDim, dtype),
      gradient("dv", dV, gold.dv, plain.dv, problem.valueDim, dtype),
    ])
  }

  /// Judges `o` and `lse` of a neighborhood attention.
  package static func neighborhoodAttention(
    _ inputs: NeighborhoodInputs, o: HostTensor, lse: HostTensor
  ) -> Verification {
    let gold = inputs.gold()
    return Verification([
      ("o", Judge.attention(inputs.problem, o.doubles(), gold: gold, plain: inputs.plain())),
      ("lse", Judge.logSumExp(inputs.problem, lse.doubles(), gold: gold)),
    ])
  }

  /// Judges the gradients of a neighborhood attention. `gradients` is keyed by the tensors' names: dq,
  /// dk, dv, and where the problem has them dextra_k, dextra_v and dbias.
  /// - Throws: `invalidArgument` if one is missing.
  package static func neighborhoodAttentionBackward(
    _ inputs: NeighborhoodInputs, dO: HostTensor, gradients: [String: HostTensor]
  ) throws(TesseraError) -> Verification {
    let problem = inputs.problem
    let (gold, plain) = inputs.gradients(dO: dO)
    let dtype = coarsest(problem.dtype, problem.outputDType)
    let table = problem.biasDimensions.dropFirst().reduce(1, *)
    var verdicts: [(name: String, verdict: Judge.Verdict)] = []
    for (name, own, other, rowLength, isThere) in [
      ("dq", gold.dq, plain.dq, problem.headDim, true),
      ("dk", gold.dk, plain.dk, problem.headDim, true),
      ("dv", gold.dv, plain.dv, problem.valueDim, true),
      ("dextra_k", gold.dExtraK, plain.dExtraK, problem.headDim, inputs.extraK != nil),
      ("dextra_v", gold.dExtraV, plain.dExtraV, problem.valueDim, inputs.extraV != nil),
      ("dbias", gold.dBias, plain.dBias, table, inputs.bias != nil),
    ] where isThere {
      guard let values = gradients[name] else {
        throw .invalidArgument("gradient \(name)", got: "none", allowed: "a tensor")
      }
      verdicts.append(gradient(name, values, own, other, rowLength, dtype))
    }
    return Verification(verdicts)
  }

  static func gradient(
    _ name: String, _ values: HostTensor, _ gold: Gradient, _ plain: Gradient, _ rowLength: Int,
    _ dtype: DType
  ) -> (name: String, verdict: Judge.Verdict) {
    (
      name,
      Judge.gradient(
        values.doubles(), gold: gold, plain: plain.values, rowLength: rowLength, dtype: dtype)
    )
  }

  /// The type with the larger rounding: gradients are made of O and dO too.
  static func coarsest(_ a: DType, _ b: DType) -> DType {
    a.unitRoundoff >= b.unitRoundoff ? a : b
  }
}
