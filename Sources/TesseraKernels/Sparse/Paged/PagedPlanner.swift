package import TesseraCore
package import TesseraHAL

/// Chooses kernels and splits for attention over a paged cache; pure functions.
package enum PagedPlanner {
  /// Plans `problem` for a device.
  ///
  /// Operands of the plan: `Plan.PagedOperand`.
  /// - Throws: `invalidArgument` if the problem breaks its own rules, `overLimit` if it exceeds the
  ///   device's.
  package static func plan(
    _ problem: PagedProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    try problem.validate()
    var plan =
      capabilities.backend == .cpu
      ? try CPUListPlanner.paged(problem, capabilities)
      : try ListPlanner.paged(problem, capabilities)
    if problem.unifiedMaximum != nil, !plan.kernels.contains(where: { $0["UNIFIED"] == 1 }) {
      plan.notes.append("the unified maximum is not used: this kernel finds the largest scores")
    }
    return plan
  }
}
