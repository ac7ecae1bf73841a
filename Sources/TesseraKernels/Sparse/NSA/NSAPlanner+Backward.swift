package import TesseraCore
package import TesseraHAL

extension NSAPlanner {
  /// Plans the gradients of `problem`. Operands of the plan: `Plan.NSAOperand`. The lists are those of the
  /// forward pass; compressed keys and values are made anew.
  /// - Throws: as `plan`.
  package static func planBackward(
    _ problem: NSAProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    try problem.validate()
    var plan = Plan(operation: "nsa-backward", schedule: "branches", tile: [])
    guard problem.batch > 0, problem.heads > 0 else { return plan }
    let (keys, values) = try compressed(problem, to: &plan, capabilities)
    let parts = Gradients(problem, &plan)
    let gate = GatePass(problem: problem)
    let given = problem.compression == .given

    // One branch after the other, so that one dO serves all.
    try gate.appendBackward(
      to: &plan, branch: 0, dO: operand(.dO), o: operand(.oCompressed), out: parts.dO,
      gradients: operand(.dGates), capabilities)
    let ofCompressed = (
      dO: parts.dO, dQ: parts.compressed.dQ,
      dK: given ? operand(.dKCompressed) : parts.compressed.dK,
      dV: given ? operand(.dVCompressed) : parts.compressed.dV
    )
    plan.append(try CompressedPlanner.planBackward(problem, capabilities)) {
      source(
        .attention($0), k: keys, v: values, o: .oCompressed, lse: .lseCompressed,
        gradients: ofCompressed)
    }

    try gate.appendBackward(
      to: &plan, branch: 1, dO: operand(.dO), o: operand(.oSelected), out: parts.dO,
      gradients: operand(.dGates), capabilities)
    let ofSelected = (
      dO: parts.dO, dQ: parts.selected.dQ, dK: parts.selected.dK, dV: parts.selected.dV
    )
    plan.append(try BlockListPlanner.planBackward(problem.selected, capabilities)) {
      source(
        .lists($0), k: operand(.k), v: operand(.v), o: .oSelected, lse: .lseSelected,
        gradients: ofSelected)
    }

    try gate.appendBackward(
      to: &plan, branch: 2, dO: operand(.dO), o: problem.window > 0 ? operand(.oWindow) : nil,
      out: parts.dO, gradients: operand(.dGates), capabilities)
    if problem.window > 0 {
      let (k, v) = windowed(problem)
      let ofWindow = (
        dO: parts.dO, dQ: parts.window.dQ,
        dK: problem.ownWindow ? operand(.dKWindow) : parts.window.dK,
        dV: problem.ownWindow ? operand(.dVWindow) : parts.window.dV
      )
      plan.append(try AttentionPlanner.planBackward(problem.windowed, capabilities)) {
        source(
          .attention($0), k: k, v: v, o: .oWindow, lse: .lseWindow, gradients: ofWindow)
      }
    }
    try sum(problem, parts, to: &plan, capabilities)
    finish(problem, &plan)
    return plan
  }

  /// Where gradients are before they are added up.
  private struct Gradients {
    var dO: Plan.Source
    var compressed: Branch
    var selected: Branch
    var window: Branch

    struct Branch {
      var dQ, dK, dV: Plan.Source
    }

    init(_ problem: NSAProblem, _ plan: inout Plan) {
      let element = problem.dtype.byteCount
      let queries = problem.batch * problem.queryLength * problem.heads * element
      func branch(_ keys: Int) -> Branch {
        let vectors = problem.batch * keys * problem.kvHeads * element
        return Branch(
          dQ: plan.addScratch(queries * problem.headDim),
          dK: plan.addScratch(vectors * problem.headDim),
          dV: plan.addScratch(vectors * problem.valueDim))
      }
      dO = plan.addScratch(queries * problem.valueDim)
      compressed = branch(problem.compression == .given ? 0 : problem.compressedLength)
      selected = branch(problem.keyLength)
      let shared = problem.window > 0 && !problem.ownWindow
      window = problem.window > 0 ? branch(shared ? problem.keyLength : 0) : selected
    }
  }

  /// Adds the branches' gradients up, and those of compressed keys and values to their tokens'.
  private static func sum(
    _ problem: NSAProblem, _ parts: Gradients, to plan: inout Plan, _ capabilities: Capabilities
  ) throws(TesseraError) {
    let dtype = problem.dtype
    func tokens(_ count: Int, _ heads: Int, _ columns: Int) -> WindowPass {
      WindowPass(
        batch: problem.batch, tokens: count, windows: count, heads: heads, columns: columns,
        span: 1, stride: 1)
    }
    let hasWindow = problem.window > 0
    try tokens(problem.queryLength, problem.heads, problem.headDim).appendSpread(
      to: &plan, parts: [parts.compressed.dQ] + (hasWindow ? [parts.selected.dQ] : []),
      gradient: hasWindow ? parts.window.dQ : parts.selected.dQ, to: operand(.dQ), dtype,
      capabilities)
    let shared = hasWindow && !problem.ownWindow
    for (path, target, columns) in [
      (\Gradients.Branch.dK, operand(.dK), problem.headDim),
      (\.dV, operand(.dV), problem.valueDim),
    ] as [(KeyPath<Gradients.Branch, Plan.Source>, Plan.Source, Int)] {
      let selected = parts.selected[keyPath: path]
      let both = [selected] + (shared ? [parts.window[keyPath: path]] : [])
      if problem.compression == .given {
        try tokens(problem.keyLength, problem.kvHeads, columns).appendSpread(
          to: &plan, parts: Array(both.dropFirst()), gradient: selected, to: target, dtype,
          capabilities)
      } else {
        try windows(problem, columns: columns).appendSpread(
          to: &plan, parts: both, gradient: parts.compressed[keyPath: path], to: target, dtype,
          capabilities)
      }
    }
  }
}
