package import TesseraCore
package import TesseraHAL

/// Plans attention over boxes with the portable kernels of `Shaders/Attention`, for OpenCL and Vulkan.
package enum BoxPlanner {
  static let (flagContinue, flagSuspend, flagTopLeft) = (1, 2, 4)
  /// Queries per key of a coarse band, from this bit of the flags on.
  static let coarseShift = 8

  /// Adds a forward pass to `plan`.
  package static func forward(
    _ problem: BoxProblem, _ operands: BoxOperands, to plan: inout Plan,
    _ capabilities: Capabilities, tiling: BoxTiling? = nil
  ) throws(TesseraError) {
    let chosen: BoxTiling
    if let tiling {
      chosen = tiling
    } else {
      chosen = try BoxTiling.best(.forward, problem, capabilities)
    }
    try BoxRecorder(problem, operands, chosen, capabilities).record(to: &plan)
    plan.form = chosen.form
    if chosen.hopper == nil, capabilities.tensorTiers?.contains(.hopper) == true {
      let reason = HopperAttentionForm.violation(.forward, problem, capabilities)
      plan.notes.append("tier hopper is not used: \(reason ?? "expected to be slower here")")
    }
  }

  /// Adds the gradients of Q, K and V to `plan`; `operands` name where δ goes.
  package static func backward(
    _ problem: BoxProblem, _ operands: BoxOperands, to plan: inout Plan,
    _ capabilities: Capabilities
  ) throws(TesseraError) {
    if problem.queryTokens > 0 {
      let tiling = try BoxTiling.best(.queryGradient, problem, capabilities)
      try BoxRecorder(problem, operands, tiling, capabilities).record(to: &plan)
    }
    if problem.keyTokens > 0 { try keyGradient(problem, operands, to: &plan, capabilities) }
  }

  /// Adds the gradients of K and V to `plan`, given δ.
  package static func keyGradient(
    _ problem: BoxProblem, _ operands: BoxOperands, to plan: inout Plan,
    _ capabilities: Capabilities
  ) throws(TesseraError) {
    // Additional keys have no part in the gradients of the others.
    var problem = problem
    problem.extraKeys = 0
    let tiling = try BoxTiling.best(.keyGradient, problem, capabilities)
    try BoxRecorder(problem, operands, tiling, capabilities).record(to: &plan)
  }
}
