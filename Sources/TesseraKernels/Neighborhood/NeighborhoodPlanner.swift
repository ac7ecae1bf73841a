package import TesseraCore
package import TesseraHAL

/// Chooses kernel and tiles for neighborhood attention; a pure function.
package enum NeighborhoodPlanner {
  /// Plans `problem` for a device.
  ///
  /// Operands of the plan: `Plan.NeighborhoodOperand`.
  /// - Parameter tiling: tiles to use; nil chooses. Not for the CPU back-end.
  /// - Throws: `invalidArgument` if the problem breaks its own rules, `overLimit` if it exceeds the
  ///   device's.
  package static func plan(
    _ problem: NeighborhoodProblem, _ capabilities: Capabilities, tiling: BoxTiling? = nil
  ) throws(TesseraError) -> Plan {
    try problem.validate()
    var plan = Plan(operation: "na", schedule: "tiled", tile: [])
    guard problem.batch > 0, problem.queryTokens > 0, problem.heads > 0 else { return plan }
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
  /// Operands of the plan: `Plan.NeighborhoodOperand`.
  /// - Throws: as `plan`.
  package static func planBackward(
    _ problem: NeighborhoodProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    try problem.validate()
    var plan = Plan(operation: "na-backward", schedule: "tiled", tile: [])
    guard problem.batch > 0, problem.heads > 0 else {
      // The bias is not one of the batch's tensors: its gradient is 0.
      try BiasGradient.append(to: &plan, problem, .init(delta: .none), capabilities)
      return plan
    }
    let box = BoxProblem(problem)
    let delta = plan.addScratch(4 * problem.batch * problem.queryTokens * problem.heads)
    let operands = try BoxOperands(problem, delta: delta)
    if capabilities.backend == .cpu {
      try CPUAttentionPlanner.backward(
        box, operands,
        extra: (
          .operand(Plan.NeighborhoodOperand.dExtraK.rawValue),
          .operand(Plan.NeighborhoodOperand.dExtraV.rawValue)
        ), to: &plan, capabilities)
    } else {
      try BoxPlanner.backward(box, operands, to: &plan, capabilities)
      if problem.extraKeys > 0 {
        let extra = operands.extraKeysAlone(
          dExtraK: .operand(Plan.NeighborhoodOperand.dExtraK.rawValue),
          dExtraV: .operand(Plan.NeighborhoodOperand.dExtraV.rawValue))
        try BoxPlanner.keyGradient(box.extraKeysAlone, extra, to: &plan, capabilities)
      }
    }
    try BiasGradient.append(to: &plan, problem, .init(delta: delta), capabilities)
    plan.finishAttention(box, backward: true)
    return plan
  }
}
