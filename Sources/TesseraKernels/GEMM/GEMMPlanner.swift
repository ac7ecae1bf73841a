package import TesseraCore
package import TesseraHAL

/// Chooses how to compute a matrix product on a device: pure functions of the problem and the device's
/// capabilities.
///
/// Operands of the plans, by position: 0 a, 1 b, 2 c, 3 bias, 4 d.
package enum GEMMPlanner {
  /// The plan expected to be fastest: of the tiers of tensor-core kernels that are there and can do it,
  /// or else of the portable kernels.
  /// - Parameter refused: tiers that are not to be used, with the reason.
  /// - Throws: `unsupported` for element types other than f32, f16 and bf16; `overLimit` if the
  ///   problem cannot be cut to the device's limits.
  package static func plan(
    _ problem: GEMMProblem, _ capabilities: Capabilities, refused: [TensorTier: String] = [:]
  ) throws(TesseraError) -> Plan {
    if capabilities.backend == .cpu {
      return try CPUGEMMPlanner.plan(problem, capabilities: capabilities)
    }
    var notes: [String] = []
    var best: (plan: Plan, cost: Double)?
    for tier in TensorTier.allCases.reversed() {
      if let reason = refused[tier] ?? violation(problem, tier, capabilities) {
        notes.append("tier \(tier.rawValue) is not used: \(reason)")
      } else if let entry = tensorPlans(problem, tier, capabilities).first {
        if let other = best {
          let slower = other.cost <= entry.cost ? tier.rawValue : other.plan.tier
          notes.append("tier \(slower) is not used: expected to be slower here")
          if other.cost <= entry.cost { continue }
        }
        best = entry
      }
    }
    var plan: Plan
    if let best {
      plan = best.plan
    } else {
      plan = try Self.plan(problem, capabilities, forms(problem, capabilities))
    }
    if capabilities.computeCapability != nil { plan.notes += notes }
    return plan
  }

  /// Plans with every form that is legal on the device, the one expected to be fastest first: what a
  /// tuner tries. On the CPU back-end there is one.
  /// - Parameter refused: tiers that are not to be used.
  package static func candidates(
    _ problem: GEMMProblem, _ capabilities: Capabilities, refused: [TensorTier: String] = [:]
  ) throws(TesseraError) -> [Plan] {
    if capabilities.backend == .cpu {
      return [try CPUGEMMPlanner.plan(problem, capabilities: capabilities)]
    }
    var plans: [Plan] = []
    let tiers = TensorTier.allCases.filter {
      refused[$0] == nil && violation(problem, $0, capabilities) == nil
    }
    var tensor = tiers.reversed().flatMap { searched(problem, $0, capabilities) }
    // Stable where costs are equal: the higher tier stays first.
    tensor = tensor.enumerated().sorted { ($0.element.cost, $0.offset) < ($1.element.cost, $1.offset) }
      .map(\.element)
    plans = tensor.map(\.plan)
    for form in forms(problem, capabilities) {
      plans.append(try plan(problem, capabilities, [form]))
    }
    return plans
  }

  /// Why a tier cannot compute `problem` on such a device; nil if it can.
  private static func violation(
    _ problem: GEMMProblem, _ tier: TensorTier, _ capabilities: Capabilities
  ) -> String? {
    switch tier {
    case .hopper: HopperGEMMForm.violation(problem, on: capabilities)
    case .mma: MMAGEMMForm.violation(problem, on: capabilities)
    }
  }

  /// Plans of a tier's forms, cheapest first; none if the device can bind none of them.
  private static func tensorPlans(
    _ problem: GEMMProblem, _ tier: TensorTier, _ capabilities: Capabilities
  ) -> [(plan: Plan, cost: Double)] {
    switch tier {
    case .hopper: HopperGEMMForm.plans(problem, capabilities)
    case .mma: MMAGEMMForm.plans(problem, capabilities)
    }
  }

  /// Plans of a tier's forms with every cut of K worth trying, cheapest first.
  private static func searched(
    _ problem: GEMMProblem, _ tier: TensorTier, _ capabilities: Capabilities
  ) -> [(plan: Plan, cost: Double)] {
    switch tier {
    case .hopper: HopperGEMMForm.search(problem, capabilities)
    case .mma: MMAGEMMForm.search(problem, capabilities)
    }
  }

  /// Plans of every form of a tier of tensor-core kernels, in the table's order, K cut into `splits`
  /// parts where that is legal; none where the tier is not there or cannot compute `problem`. For tests:
  /// which forms there are does not depend on what they are expected to cost.
  package static func forms(
    of tier: TensorTier, _ problem: GEMMProblem, _ capabilities: Capabilities, splits: Int = 1
  ) -> [Plan] {
    guard violation(problem, tier, capabilities) == nil else { return [] }
    return switch tier {
    case .hopper: HopperGEMMForm.plans(problem, capabilities, splits: splits)
    case .mma: MMAGEMMForm.plans(problem, capabilities, splits: splits)
    }
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
