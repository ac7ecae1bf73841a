package import TesseraCore
package import TesseraHAL

/// Plans `attention_delta`: `δ[r] = Σ_c O[r][c]·dO[r][c]` in f32, which the gradients of an attention
/// subtract from those of its weights.
package enum DeltaPlanner {
  /// Appends it for `rows` rows of `valueDim` elements of `dtype`.
  ///
  /// The arguments' sizes are set here; an offset in them must suit the device's alignment.
  /// - Throws: `overLimit` if the tensors exceed the device's limits: split the rows.
  package static func append(
    to plan: inout Plan, rows: Int, valueDim: Int, dtype: DType, o: Plan.Argument,
    dO: Plan.Argument, delta: Plan.Argument, _ capabilities: Capabilities
  ) throws(TesseraError) {
    guard rows > 0 else { return }
    guard valueDim >= 0, AttentionProblem.dtypes.contains(dtype) else {
      throw .invalidArgument(
        "delta", got: "rows of \(valueDim) elements in \(dtype)",
        allowed: "0 or more in f32, f16 or bf16")
    }
    let bytes = try Shape([rows, valueDim]).byteCount(of: dtype)
    try Plan.checkBindings(
      "delta", [("o and dO", rows * valueDim, dtype), ("delta", rows, .f32)], capabilities)
    try Plan.checkLoops("delta", valueDim / 32 + 16, capabilities)
    let kernel = plan.kernel(
      KernelSpec(
        PartKernels.delta,
        [
          .init("O_DTYPE", dtype.kernelCode), PartKernels.vector(valueDim, capabilities),
        ]))
    var constants = ConstantBlock()
    constants.append(rows)
    constants.append(valueDim)
    func sized(_ argument: Plan.Argument, _ bytes: Int) -> Plan.Argument {
      bytes == 0
        ? .init(.none, byteCount: 0)
        : .init(argument.source, offset: argument.offset, byteCount: bytes)
    }
    plan.dispatches.append(
      .init(
        kernel: kernel,
        grid: capabilities.backend == .cpu
          ? .host(rows, work: 2 * valueDim, capabilities)
          : try .linear(8 * rows, "delta", capabilities),
        constants: constants.bytes,
        arguments: [sized(o, bytes), sized(dO, bytes), sized(delta, 4 * rows)]))
  }

  /// Plans it alone. Operands: 0 = O `[rows.., Dv]`, 1 = dO, 2 = delta `[rows..]`.
  /// - Throws: as `append`.
  package static func plan(
    rows: Int, valueDim: Int, dtype: DType, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    var plan = Plan(operation: "delta", schedule: rows > 0 ? "rows" : "empty", tile: [])
    try append(
      to: &plan, rows: rows, valueDim: valueDim, dtype: dtype, o: .init(.operand(0), byteCount: 0),
      dO: .init(.operand(1), byteCount: 0), delta: .init(.operand(2), byteCount: 0), capabilities)
    plan.flopsNeeded = 2 * Double(rows) * Double(valueDim)
    plan.flopsDone = plan.flopsNeeded
    plan.bytes = Double(rows) * Double(2 * valueDim * dtype.byteCount + 4)
    return plan
  }
}
