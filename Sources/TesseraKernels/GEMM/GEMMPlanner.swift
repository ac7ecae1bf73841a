package import TesseraCore
package import TesseraHAL

/// Chooses how to compute a matrix product on a device: pure functions of the problem and the device's
/// capabilities.
///
/// Operands of the plans, by position: 0 a, 1 b, 2 c, 3 bias, 4 d.
package enum GEMMPlanner {
  /// The plan expected to be fastest.
  /// - Throws: `unsupported` for element types other than f32, f16 and bf16; `overLimit` if the
  ///   problem cannot be cut to the device's limits.
  package static func plan(
    _ problem: GEMMProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    if capabilities.backend == .cpu {
      return try CPUGEMMPlanner.plan(problem, capabilities: capabilities)
    }
    return try plan(problem, capabilities, forms(problem, capabilities))
  }

  /// Plans with every form that is legal on the device, the one expected to be fastest first: what a
  /// tuner tries. On the CPU back-end there is one.
  package static func candidates(
    _ problem: GEMMProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> [Plan] {
    if capabilities.backend == .cpu {
      return [try CPUGEMMPlanner.plan(problem, capabilities: capabilities)]
    }
    var plans: [Plan] = []
    for form in forms(problem, capabilities) {
      plans.append(try plan(problem, capabilities, [form]))
    }
    return plans
  }

  /// The baseline: one output per invocation, straight from the definition.
  package static func naive(
    _ problem: GEMMProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    let side = capabilities.kind == .software ? 8 : 16
    return try plan(problem, capabilities, [.naive(side: side, share: 1)])
  }

  /// The plan of one form.
  /// - Throws: `unsupported` with the reason if the device cannot run it.
  package static func plan(
    _ problem: GEMMProblem, _ capabilities: Capabilities, form: GEMMForm
  ) throws(TesseraError) -> Plan {
    if let violation = form.violation(on: capabilities) {
      throw .unsupported("gemm_\(form.kernel.rawValue): \(violation)")
    }
    return try plan(problem, capabilities, [form])
  }

  /// Legal forms, cheapest first. Equal costs keep the table's order: a plan is a function of its
  /// inputs alone.
  private static func forms(_ problem: GEMMProblem, _ capabilities: Capabilities) -> [GEMMForm] {
    GEMMForm.candidates(problem, capabilities)
      .filter { $0.violation(on: capabilities) == nil }
      .enumerated()
      .map { (form: $0.element, cost: $0.element.cost(problem, capabilities), order: $0.offset) }
      .sorted { ($0.cost, $0.order) < ($1.cost, $1.order) }
      .map(\.form)
  }

  private static func plan(
    _ problem: GEMMProblem, _ capabilities: Capabilities, _ forms: [GEMMForm]
  ) throws(TesseraError) -> Plan {
    for dtype in [
      problem.a.dtype, problem.b.dtype, problem.d.dtype, problem.c?.dtype, problem.bias?.dtype,
    ] {
      if let dtype, !GEMMProblem.dtypes.contains(dtype) { throw .unsupported("gemm of \(dtype)") }
    }
    guard let form = forms.first else {
      throw .unsupported("gemm on \(capabilities.name)")
    }
    return try GEMMPlanBuilder(problem, form, capabilities).build()
  }
}
