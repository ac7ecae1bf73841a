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
    throw .unsupported("dense attention", device: capabilities.name)
  }

  /// Plans the gradients of `problem`.
  ///
  /// Operands of the plan: `Plan.AttentionOperand`.
  /// - Throws: as `plan`.
  package static func planBackward(
    _ problem: AttentionProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    try problem.validate()
    throw .unsupported("gradients of dense attention", device: capabilities.name)
  }
}
