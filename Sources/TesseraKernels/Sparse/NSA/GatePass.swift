import TesseraCore
import TesseraHAL

/// The gates of the branches of native sparse attention: `nsa_gate`.
struct GatePass {
  let problem: NSAProblem

  private var rows: Int { problem.batch * problem.queryLength * problem.heads }

  /// Appends `out = Σ gates_i · branches_i`; a branch that is nil counts as 0.
  func appendForward(
    to plan: inout Plan, branches: [Plan.Source?], out: Plan.Source, _ capabilities: Capabilities
  ) throws(TesseraError) {
    let there = branches.enumerated().reduce(0) { $0 | ($1.element == nil ? 0 : 1 << $1.offset) }
    try append(
      to: &plan, forward: true, there: there, branch: 0, inputs: branches,
      out: .init(out, byteCount: bytes), gradients: plan.unusedScratch(), capabilities)
  }

  /// Appends a branch's `out = gates_branch · dO`, and of `gradients` `[B, Nq, H, 3]` what belongs to it:
  /// `dO·o`, or 0 without `o`.
  func appendBackward(
    to plan: inout Plan, branch: Int, dO: Plan.Source, o: Plan.Source?, out: Plan.Source,
    gradients: Plan.Source, _ capabilities: Capabilities
  ) throws(TesseraError) {
    try append(
      to: &plan, forward: false, there: o == nil ? 1 : 3, branch: branch, inputs: [dO, o, nil],
      out: .init(out, byteCount: bytes),
      gradients: .init(gradients, byteCount: 3 * rows * problem.gateDType.byteCount), capabilities)
  }

  private var bytes: Int { rows * problem.valueDim * problem.dtype.byteCount }

  private func append(
    to plan: inout Plan, forward: Bool, there: Int, branch: Int, inputs: [Plan.Source?],
    out: Plan.Argument, gradients: Plan.Argument, _ capabilities: Capabilities
  ) throws(TesseraError) {
    guard rows > 0, problem.valueDim > 0 || !forward else { return }
    try Plan.checkBindings(
      "gates",
      [("o", rows * problem.valueDim, problem.dtype), ("gates", 3 * rows, problem.gateDType)],
      capabilities)
    try Plan.checkLoops("gates", problem.valueDim / 32 + 16, capabilities)
    let kernel = plan.kernel(
      KernelSpec(
        SelectKernels.gate,
        [
          .init("O_DTYPE", problem.dtype.kernelCode),
          .init("GATES_DTYPE", problem.gateDType.kernelCode),
          PartKernels.vector(problem.valueDim, capabilities), .init("FORWARD", forward ? 1 : 0),
          .init("BRANCHES", there),
        ]))
    var constants = ConstantBlock()
    for value in [rows, problem.valueDim, branch] { constants.append(value) }
    let branches = inputs.map { input -> Plan.Argument in
      guard let input, bytes > 0 else { return .init(.none, byteCount: 0) }
      return .init(input, byteCount: bytes)
    }
    plan.dispatches.append(
      .init(
        kernel: kernel,
        grid: capabilities.backend == .cpu
          ? .host(rows, work: 4 * problem.valueDim, capabilities)
          : try .linear(8 * rows, "gates", capabilities),
        constants: constants.bytes,
        arguments: [
          .init(Plan.NSAOperand.gates.source, byteCount: 3 * rows * problem.gateDType.byteCount)
        ] + branches + [bytes > 0 ? out : plan.unusedScratch(), gradients]))
  }
}
