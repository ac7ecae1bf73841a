import TesseraCore
import TesseraHAL

/// Plans the compressed branch of native sparse attention: an attention over boxes whose queries see a
/// key more every so many tokens. Operands: `Plan.AttentionOperand`.
enum CompressedPlanner {
  static func plan(
    _ problem: NSAProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    var plan = Plan(operation: "compressed", schedule: "tiled", tile: [])
    let box = box(problem)
    let operands = try BoxOperands(problem.compressed)
    if capabilities.backend == .cpu {
      try CPUAttentionPlanner.forward(box, operands, to: &plan, capabilities)
    } else {
      try BoxPlanner.forward(box, operands, to: &plan, capabilities)
    }
    plan.finishAttention(box, backward: false)
    return plan
  }

  static func planBackward(
    _ problem: NSAProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    var plan = Plan(operation: "compressed-backward", schedule: "tiled", tile: [])
    let box = box(problem)
    let delta = plan.addScratch(4 * problem.batch * problem.queryLength * problem.heads)
    let operands = try BoxOperands(problem.compressed, delta: delta)
    if capabilities.backend == .cpu {
      try CPUAttentionPlanner.backward(box, operands, to: &plan, capabilities)
    } else {
      try BoxPlanner.backward(box, operands, to: &plan, capabilities)
    }
    plan.finishAttention(box, backward: true)
    return plan
  }

  private static func box(_ problem: NSAProblem) -> BoxProblem {
    // t ≥ j·c + l − 1 is j ≤ (t − l + 1) / c.
    BoxProblem(
      problem.compressed, queriesPerKey: problem.stride, first: problem.shift - problem.span + 1)
  }
}
