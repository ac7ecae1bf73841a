package import TesseraCore
package import TesseraHAL

/// Plans the unfused halves of neighborhood attention and their gradients; a pure function.
package enum HalvesPlanner {
  /// Plans `half` for a device. Operands: as `HalvesProblem.Half` lists them; those that the problem
  /// does not have are nil.
  /// - Throws: `invalidArgument` if the problem breaks its own rules, `overLimit` if it exceeds the
  ///   device's limits.
  package static func plan(
    _ half: HalvesProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    try half.validate()
    let problem = half.problem
    var plan = Plan(operation: "na-" + half.half.rawValue, schedule: "unfused", tile: [])
    let axes = try HalvesAxes(problem)
    let windowKeys = axes.axes.reduce(1) { $0 * $1.window }
    for count in [windowKeys, problem.headDim, problem.valueDim, problem.heads] {
      guard count <= Int(Int32.max) else {
        throw .overLimit("window keys, heads or dimensions", requested: count, limit: Int32.max)
      }
    }
    let rows = problem.queryTokens * problem.heads, vectors = problem.tokens * problem.kvHeads
    func operand(_ name: String, _ index: Int, _ elements: Int) -> HalvesPass.Operand {
      .init(name, index, elements)
    }
    func mask(_ index: Int) -> HalvesPass.Operand? {
      problem.hasKeyMask ? operand("key_mask", index, problem.tokens) : nil
    }
    let table = problem.hasRelativeBias ? problem.biasDimensions.reduce(1, *) : 0
    let (d, dv) = (problem.headDim, problem.valueDim)
    var passes: [HalvesPass]
    switch half.half {
    case .qk:
      passes = [
        HalvesPass(
          kernel: HalvesKernels.dots,
          inputs: [operand("q", 0, rows * d), operand("k", 1, vectors * d)], mask: mask(3),
          bias: problem.hasRelativeBias ? operand("bias", 2, table) : nil,
          output: operand("scores", 4, rows * windowKeys), columns: d, factor: problem.scale,
          scores: true)
      ]
    case .qkBackward:
      let scores = operand("d_scores", 3, rows * windowKeys)
      passes = [
        HalvesPass(
          kernel: HalvesKernels.gatherRows, inputs: [scores, operand("k", 1, vectors * d)],
          mask: mask(2), output: operand("d_q", 4, rows * d), columns: d, factor: problem.scale),
        HalvesPass(
          kernel: HalvesKernels.gatherKeys, inputs: [scores, operand("q", 0, rows * d)],
          mask: mask(2), output: operand("d_k", 5, vectors * d), columns: d,
          factor: problem.scale),
      ]
    case .av:
      passes = [
        HalvesPass(
          kernel: HalvesKernels.gatherRows,
          inputs: [operand("weights", 0, rows * windowKeys), operand("v", 1, vectors * dv)],
          output: operand("o", 2, rows * dv), columns: dv, factor: 1)
      ]
    case .avBackward:
      let dO = operand("d_o", 2, rows * dv)
      passes = [
        HalvesPass(
          kernel: HalvesKernels.dots, inputs: [dO, operand("v", 1, vectors * dv)],
          output: operand("d_weights", 3, rows * windowKeys), columns: dv, factor: 1),
        HalvesPass(
          kernel: HalvesKernels.gatherKeys,
          inputs: [operand("weights", 0, rows * windowKeys), dO],
          output: operand("d_v", 4, vectors * dv), columns: dv, factor: 1),
      ]
    }
    for pass in passes {
      try pass.append(to: &plan, problem, axes, capabilities)
      let pairs = Double(problem.batch) * Double(rows) * Double(windowKeys)
      plan.flopsNeeded += 2 * pairs * Double(pass.columns)
      for tensor in pass.inputs + [pass.output] {
        plan.bytes += Double(problem.batch * problem.dtype.byteCount) * Double(tensor.elements)
      }
    }
    plan.flopsDone = plan.flopsNeeded
    if half.half == .qkBackward, problem.hasRelativeBias {
      try BiasGradient.append(
        to: &plan, problem,
        .init(dScores: .operand(3), keyMask: .operand(2), dBias: .operand(6)), capabilities)
    }
    if plan.dispatches.isEmpty { plan.schedule = "empty" }
    return plan
  }
}
