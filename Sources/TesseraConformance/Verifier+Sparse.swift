package import TesseraCore
import TesseraReference

extension Verifier {
  /// Judges `o` and `lse` of an attention over block lists.
  package static func blockListAttention(
    _ inputs: BlockListTensors, o: HostTensor, lse: HostTensor
  ) -> Verification {
    let (gold, problem) = (inputs.gold(), inputs.problem.attention)
    return Verification([
      ("o", Judge.attention(problem, o.doubles(), gold: gold, plain: inputs.plain())),
      ("lse", Judge.logSumExp(problem, lse.doubles(), gold: gold)),
    ])
  }

  /// Judges the gradients of an attention over block lists.
  package static func blockListAttentionBackward(
    _ inputs: BlockListTensors, dO: HostTensor, dQ: HostTensor, dK: HostTensor, dV: HostTensor,
    dSinks: HostTensor?
  ) -> Verification {
    let problem = inputs.problem.attention
    let (gold, plain) = inputs.gradients(dO: dO)
    let dtype = coarsest(problem.dtype, problem.outputDType)
    var verdicts = [
      gradient("dq", dQ, gold.dq, plain.dq, problem.headDim, dtype),
      gradient("dk", dK, gold.dk, plain.dk, problem.headDim, dtype),
      gradient("dv", dV, gold.dv, plain.dv, problem.valueDim, dtype),
    ]
    if let dSinks {
      verdicts.append(gradient("dsinks", dSinks, gold.dSinks, plain.dSinks, problem.heads, dtype))
    }
    return Verification(verdicts)
  }

  /// Judges `o` and `lse` of an attention over a paged cache.
  package static func pagedAttention(
    _ inputs: PagedTensors, o: HostTensor, lse: HostTensor
  ) -> Verification {
    let (gold, problem) = (inputs.gold(), inputs.problem)
    return Verification([
      ("o", Judge.attention(problem, o.doubles(), gold: gold, plain: inputs.plain())),
      ("lse", Judge.logSumExp(problem, lse.doubles(), gold: gold)),
    ])
  }
}
