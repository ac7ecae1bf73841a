package import TesseraCore
package import TesseraHAL

/// Chooses kernels and tiles for dense attention; pure functions.
package enum AttentionPlanner {
  /// Plans `problem` for a device.
  ///
  /// Operands of the plan: `Plan.AttentionOperand`.
  /// - Throws: `invalidArgument` if the problem breaks its own rules, `overLimit` if it exceeds the
  ///   device's.
  package static func plan(
    _ problem: AttentionProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    try problem.validate()
    var plan = Plan(operation: "attention", schedule: "tiled", tile: [])
    guard problem.queryTokens > 0, problem.heads > 0 else { return plan }
    if capabilities.backend == .cpu {
      throw .unsupported("dense attention", device: capabilities.name)
    }
    let box = BoxProblem(problem)
    try BoxPlanner.forward(box, try BoxOperands(problem), to: &plan, capabilities)
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
    if capabilities.backend == .cpu {
      throw .unsupported("gradients of dense attention", device: capabilities.name)
    }
    let box = BoxProblem(problem)
    guard box.batch > 0 else { return plan }
    let delta = plan.addScratch(4 * problem.queryTokens * problem.heads)
    try BoxPlanner.backward(
      box, try BoxOperands(problem, delta: delta), to: &plan, capabilities)
    plan.finishAttention(box, backward: true)
    return plan
  }
}
