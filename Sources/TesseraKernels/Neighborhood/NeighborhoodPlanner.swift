package import TesseraCore
package import TesseraHAL

/// Chooses kernel and tiles for neighborhood attention; a pure function.
package enum NeighborhoodPlanner {
  /// Plans `problem` for a device.
  ///
  /// Operands of the plan: `Plan.NeighborhoodOperand`.
  /// - Throws: `invalidArgument` if the problem breaks its own rules, `overLimit` if it exceeds the
  ///   device's, `unsupported` for the extensions, which have an oracle but no kernels yet.
  package static func plan(
    _ problem: NeighborhoodProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    try problem.validate()
    guard problem.isPlain else {
      throw .unsupported(
        "neighborhood attention with a bias table, key mask, circular axis or query grid of its own",
        device: capabilities.name)
    }
    guard problem.batch > 0, problem.tokens > 0, problem.heads > 0 else {
      return try Plan(problem, schedule: "empty", tile: [])
    }
    if capabilities.backend == .cpu {
      return try CPUNeighborhoodPlanner.plan(problem, capabilities)
    }
    return try TiledNeighborhoodPlanner.plan(problem, capabilities)
  }

  /// Plans the gradients of `problem`.
  ///
  /// Operands of the plan: `Plan.NeighborhoodOperand`.
  /// - Throws: as `plan`.
  package static func planBackward(
    _ problem: NeighborhoodProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    try problem.validate()
    throw .unsupported("gradients of neighborhood attention", device: capabilities.name)
  }
}
