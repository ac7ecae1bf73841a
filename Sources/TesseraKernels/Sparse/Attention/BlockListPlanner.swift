package import TesseraCore
package import TesseraHAL

/// How attention over block lists is computed; results are equal.
package enum BlockListSchedule: String, Sendable, Hashable, Codable, CaseIterable {
  /// The planner chooses.
  case auto
  /// Queries that share a list run over the blocks that it names.
  case query
  /// Blocks of keys run over the queries that name them.
  case kv
}

/// Chooses kernels and tiles for attention over block lists; pure functions.
package enum BlockListPlanner {
  /// Plans `problem` for a device.
  ///
  /// Operands of the plan: `Plan.BlockListOperand`.
  /// - Parameter onTensorCores: whether the tensor cores take it wherever they can, as tests want it.
  /// - Throws: `invalidArgument` if the problem breaks its own rules, `overLimit` if it exceeds the
  ///   device's.
  package static func plan(
    _ problem: BlockListProblem, schedule: BlockListSchedule = .auto, _ capabilities: Capabilities,
    onTensorCores: Bool = false
  ) throws(TesseraError) -> Plan {
    try problem.validate()
    guard capabilities.backend == .cpu else {
      return try ListPlanner.forward(
        problem, schedule, ListMemory(), capabilities, onTensorCores: onTensorCores)
    }
    return try CPUListPlanner.forward(problem, schedule, capabilities)
  }

  /// Plans the gradients of `problem`.
  ///
  /// Operands of the plan: `Plan.BlockListOperand`.
  /// - Throws: as `plan`.
  package static func planBackward(
    _ problem: BlockListProblem, schedule: BlockListSchedule = .auto, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    try problem.validate()
    guard capabilities.backend == .cpu else {
      return try ListPlanner.backward(problem, schedule, ListMemory(), capabilities)
    }
    return try CPUListPlanner.backward(problem, schedule, capabilities)
  }
}
