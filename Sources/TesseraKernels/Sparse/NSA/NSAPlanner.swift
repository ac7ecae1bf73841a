package import TesseraCore
package import TesseraHAL

/// Plans native sparse attention: one plan of the branches' plans; pure functions.
package enum NSAPlanner {
  /// Plans `problem` for a device. Operands of the plan: `Plan.NSAOperand`.
  /// - Throws: `invalidArgument` if the problem breaks its own rules, `overLimit` if it exceeds the
  ///   device's.
  package static func plan(
    _ problem: NSAProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    try problem.validate()
    var plan = Plan(operation: "nsa", schedule: "branches", tile: [])
    guard problem.batch * problem.queryLength * problem.heads > 0 else { return plan }
    let (keys, values) = try compressed(problem, to: &plan, capabilities)

    plan.append(try CompressedPlanner.plan(problem, capabilities)) {
      source(
        .attention($0), k: keys, v: values, o: .oCompressed, lse: .lseCompressed)
    }
    try selection(problem, keys, to: &plan, capabilities)
    plan.append(try BlockListPlanner.plan(problem.selected, capabilities)) {
      source(
        .lists($0), k: operand(.k), v: operand(.v), o: .oSelected, lse: .lseSelected)
    }
    if problem.window > 0 {
      let (k, v) = windowed(problem)
      plan.append(try AttentionPlanner.plan(problem.windowed, capabilities)) {
        source(.attention($0), k: k, v: v, o: .oWindow, lse: .lseWindow)
      }
    }
    try GatePass(problem: problem).appendForward(
      to: &plan,
      branches: [
        operand(.oCompressed), operand(.oSelected), problem.window > 0 ? operand(.oWindow) : nil,
      ], out: operand(.o), capabilities)
    finish(problem, &plan)
    return plan
  }

  static func operand(_ operand: Plan.NSAOperand) -> Plan.Source { operand.source }

  /// Appends the compression, if it is not the caller's; where compressed keys and values are.
  static func compressed(
    _ problem: NSAProblem, to plan: inout Plan, _ capabilities: Capabilities
  ) throws(TesseraError) -> (keys: Plan.Source, values: Plan.Source) {
    if problem.compression == .given { return (operand(.kCompressed), operand(.vCompressed)) }
    var result: [Plan.Source] = []
    for (source, dim) in [(operand(.k), problem.headDim), (operand(.v), problem.valueDim)] {
      let rows = problem.batch * problem.compressedLength * problem.kvHeads
      let target = plan.addScratch(rows * dim * problem.dtype.byteCount)
      try windows(problem, columns: dim).appendJoin(
        to: &plan, from: source, problem.dtype, to: target, problem.dtype, capabilities)
      result.append(target)
    }
    return (result[0], result[1])
  }

  /// The windows that are compressed.
  static func windows(_ problem: NSAProblem, columns: Int) -> WindowPass {
    WindowPass(
      batch: problem.batch, tokens: problem.keyLength, windows: problem.compressedLength,
      heads: problem.kvHeads, columns: columns, span: problem.span, stride: problem.stride,
      weights: problem.compression == .weighted ? operand(.weights) : nil)
  }

  /// Keys and values of the window branch.
  static func windowed(_ problem: NSAProblem) -> (k: Plan.Source, v: Plan.Source) {
    problem.ownWindow ? (operand(.kWindow), operand(.vWindow)) : (operand(.k), operand(.v))
  }

  /// Appends importance and selection, whose scores are never there as a whole.
  private static func selection(
    _ problem: NSAProblem, _ keys: Plan.Source, to plan: inout Plan, _ capabilities: Capabilities
  ) throws(TesseraError) {
    let pass = ScorePass(
      mode: .weights, rows: problem.rows, batch: problem.batch, heads: problem.heads,
      kvHeads: problem.kvHeads, headDim: problem.headDim, columns: problem.compressedLength,
      step: problem.stride, from: problem.span - 1, alpha: problem.alpha, beta: problem.beta,
      scale: problem.scale, queryType: problem.dtype, keyType: problem.dtype, q: operand(.q),
      k: keys, lse: operand(.lseCompressed))
    try BlockScorePlanner.append(
      to: &plan, pass, selecting: problem.selection, indices: operand(.indices),
      counts: operand(.counts), capabilities)
  }

  static func finish(_ problem: NSAProblem, _ plan: inout Plan) {
    // What is read of the operands and written to them once, at least.
    var seen: [Int: Int] = [:]
    for dispatch in plan.dispatches {
      for argument in dispatch.arguments {
        if case .operand(let position) = argument.source {
          seen[position] = max(seen[position] ?? 0, argument.offset + argument.byteCount)
        }
      }
    }
    plan.bytes = Double(seen.values.reduce(0, +))
    plan.notes.append(
      "\(problem.compressedLength) compressed keys; \(problem.top) of \(problem.rows.blocks) blocks of \(problem.block) keys"
    )
  }
}

extension NSAPlanner {
  /// An operand of a branch's plan.
  enum BranchOperand {
    case attention(Int)
    case lists(Int)
  }

  /// What stands for an operand of a branch's plan.
  /// - Parameter gradients: where dO is, and where dQ, dK and dV go.
  static func source(
    _ operand: BranchOperand, k: Plan.Source, v: Plan.Source, o: Plan.NSAOperand,
    lse: Plan.NSAOperand,
    gradients: (dO: Plan.Source, dQ: Plan.Source, dK: Plan.Source, dV: Plan.Source)? = nil
  ) -> Plan.Source {
    switch operand {
    case .attention(let position):
      switch Plan.AttentionOperand(rawValue: position) {
      case .q: Plan.NSAOperand.q.source
      case .k: k
      case .v: v
      case .o: o.source
      case .lse: lse.source
      case .dO: gradients?.dO ?? .none
      case .dQ: gradients?.dQ ?? .none
      case .dK: gradients?.dK ?? .none
      case .dV: gradients?.dV ?? .none
      default: .none
      }
    case .lists(let position):
      switch Plan.BlockListOperand(rawValue: position) {
      case .q: Plan.NSAOperand.q.source
      case .k: k
      case .v: v
      case .indices: Plan.NSAOperand.indices.source
      case .counts: Plan.NSAOperand.counts.source
      case .o: o.source
      case .lse: lse.source
      case .dO: gradients?.dO ?? .none
      case .dQ: gradients?.dQ ?? .none
      case .dK: gradients?.dK ?? .none
      case .dV: gradients?.dV ?? .none
      default: .none
      }
    }
  }
}
