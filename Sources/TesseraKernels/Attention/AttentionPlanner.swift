package import TesseraCore
package import TesseraHAL

/// Chooses kernels and tiles for dense attention; pure functions.
package enum AttentionPlanner {
  /// Plans `problem` for a device.
  ///
  /// Operands of the plan: `Plan.AttentionOperand`.
  /// - Parameter tiling: tiles to use; nil chooses. Not for the CPU back-end.
  /// - Throws: `invalidArgument` if the problem breaks its own rules, `overLimit` if it exceeds the
  ///   device's.
  package static func plan(
    _ problem: AttentionProblem, _ capabilities: Capabilities, tiling: BoxTiling? = nil
  ) throws(TesseraError) -> Plan {
    try problem.validate()
    var plan = Plan(operation: "attention", schedule: "tiled", tile: [])
    guard problem.queryTokens > 0, problem.heads > 0 else { return plan }
    let box = BoxProblem(problem)
    let operands = try BoxOperands(problem)
    if capabilities.backend == .cpu {
      try CPUAttentionPlanner.forward(box, operands, to: &plan, capabilities)
    } else {
      try BoxPlanner.forward(box, operands, to: &plan, capabilities, tiling: tiling)
    }
    plan.finishAttention(box, backward: false)
    return plan
  }

  /// Plans the gradients of `problem`.
  ///
  /// Operands of the plan: `Plan.AttentionOperand`.
  /// - Throws: as `plan`.
  package static func planBackward(
    _ problem: AttentionProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    try problem.validate()
    var plan = Plan(operation: "attention-backward", schedule: "tiled", tile: [])
    guard problem.heads > 0 else { return plan }
    let box = BoxProblem(problem)
    guard box.batch > 0 else { return plan }
    let delta = plan.addScratch(4 * problem.queryTokens * problem.heads)
    let operands = try BoxOperands(problem, delta: delta)
    if capabilities.backend == .cpu {
      try CPUAttentionPlanner.backward(box, operands, to: &plan, capabilities)
    } else {
      try BoxPlanner.backward(box, operands, to: &plan, capabilities)
    }
    plan.finishAttention(box, backward: true)
    return plan
  }
}
