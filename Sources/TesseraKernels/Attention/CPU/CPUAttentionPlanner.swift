import CTesseraSIMD
import TesseraCore
import TesseraHAL

/// Plans attention over boxes, dense or neighborhood, for the CPU back-end: one workgroup per tile
/// of queries or keys.
enum CPUAttentionPlanner {
  /// Adds a forward pass to `plan`.
  static func forward(
    _ problem: BoxProblem, _ operands: BoxOperands, to plan: inout Plan,
    _ capabilities: Capabilities
  ) throws(TesseraError) {
    plan.schedule = "cpu"
    try add(.forward, problem, operands, to: &plan, capabilities)
    note(problem, &plan)
  }

  /// Adds the gradients of Q, K and V to `plan`, and of additional keys and values where `extra`
  /// says where they go; `operands` name where δ goes.
  ///
  /// Scores and dP are computed twice, for dQ and for dK and dV: keeping them would take memory
  /// that grows with the number of pairs.
  static func backward(
    _ problem: BoxProblem, _ operands: BoxOperands, extra: (k: Plan.Source, v: Plan.Source)? = nil,
    to plan: inout Plan, _ capabilities: Capabilities
  ) throws(TesseraError) {
    plan.schedule = "cpu"
    if problem.queryTokens > 0 {
      try add(.queryGradient, problem, operands, to: &plan, capabilities)
    }
    if problem.keyTokens > 0 {
      try add(.keyGradient, problem, operands, to: &plan, capabilities)
    }
    if let extra, problem.extraKeys > 0 {
      try addExtra(problem, operands, extra, to: &plan, capabilities)
    }
    note(problem, &plan)
  }

  private static func note(_ problem: BoxProblem, _ plan: inout Plan) {
    plan.notes.append(
      "register blocks of \(CPUAttentionTiling.blockRows) rows × \(CPUAttentionTiling.lanes) "
        + "columns are what is counted as tiles")
    if problem.sequences != nil {
      plan.notes.append(
        "counted as if all sequences were equally long: their lengths are on the device")
    }
  }

  private static func addExtra(
    _ problem: BoxProblem, _ operands: BoxOperands, _ extra: (k: Plan.Source, v: Plan.Source),
    to plan: inout Plan, _ capabilities: Capabilities
  ) throws(TesseraError) {
    let tiling = try CPUAttentionTiling(.extraGradient, problem, capabilities)
    let rows = problem.batch * problem.extraKeys * problem.kvHeads
    let sides = [
      (role: BoxPass.Role.dK, target: extra.k, dim: problem.headDim),
      (role: .dV, target: extra.v, dim: problem.valueDim),
    ].filter { rows * $0.dim > 0 }
    var own = operands
    (own[.dK], own[.dV]) = (nil, nil)
    var partial: [Plan.Source] = []
    for side in sides {
      if tiling.parts > 1 { partial.append(plan.addScratch(4 * tiling.parts * rows * side.dim)) }
      // Bound as one whole, whatever the batch.
      try own.add(
        side.role, partial.last ?? side.target,
        [tiling.parts > 1 ? tiling.parts : 1, rows, side.dim],
        tiling.parts > 1 ? .f32 : problem.dtype, shared: true)
    }
    try record(tiling, problem, own, to: &plan, capabilities)
    if tiling.parts > 1 {
      for (side, source) in zip(sides, partial) {
        try SumPlanner.append(
          to: &plan, parts: tiling.parts, count: rows * side.dim, dtype: problem.dtype,
          from: source, to: .init(side.target, byteCount: 0), capabilities)
      }
      plan.notes.append(
        "gradients of additional keys in \(tiling.parts) parts of \(tiling.part) queries")
    }
    count(.extraGradient, tiling.block, problem.extraKeysAlone, to: &plan)
  }

  private static func add(
    _ pass: CPUAttentionPass, _ problem: BoxProblem, _ operands: BoxOperands, to plan: inout Plan,
    _ capabilities: Capabilities
  ) throws(TesseraError) {
    let tiling = try CPUAttentionTiling(pass, problem, capabilities)
    plan.tile = tiling.tile
    try record(tiling, problem, operands, to: &plan, capabilities)
    count(pass, tiling.block, problem, to: &plan)
  }
}
