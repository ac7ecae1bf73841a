package import TesseraCore
package import TesseraHAL

/// Merging parts of an attention over disjoint sets of keys:
/// `LSE = ln Σ exp LSE_i`, `O = Σ exp(LSE_i − LSE)·O_i`.
package struct MergeProblem: Sendable, Hashable, Codable {
  /// Number of parts, S.
  package var parts: Int
  /// Rows of each part: all axes of O but the last.
  package var rows: Int
  /// Elements of a row of O, Dv.
  package var valueDim: Int
  /// Type of the parts' O: f32, f16 or bf16. LSE is f32.
  package var dtype: DType
  /// Type of the merged O.
  package var outputDType: DType

  package init(parts: Int, rows: Int, valueDim: Int, dtype: DType, outputDType: DType? = nil) {
    self.parts = parts
    self.rows = rows
    self.valueDim = valueDim
    self.dtype = dtype
    self.outputDType = outputDType ?? dtype
  }

  /// - Throws: `invalidArgument` naming the first number that makes no sense.
  package func validate() throws(TesseraError) {
    guard parts >= 1 else { throw .invalidArgument("parts", got: parts, allowed: "at least 1") }
    guard rows >= 0 else { throw .invalidArgument("rows", got: rows, allowed: "0 or more") }
    guard valueDim >= 0 else {
      throw .invalidArgument("value dimension", got: valueDim, allowed: "0 or more")
    }
    for (name, dtype) in [("parts", dtype), ("output", outputDType)] {
      guard AttentionProblem.dtypes.contains(dtype) else {
        throw .invalidArgument("\(name) element type", got: dtype, allowed: "f32, f16 or bf16")
      }
    }
    _ = try Shape([parts, rows, max(valueDim, 1)]).byteCount(of: .f64)
  }
}

/// Plans `attention_merge`; a pure function.
package enum MergePlanner {
  /// Plans `problem` for a device. Operands: 0 = the parts' O `[S, rows.., Dv]`, 1 = their LSE
  /// `[S, rows..]` in f32, 2 = O `[rows.., Dv]`, 3 = LSE `[rows..]`.
  /// - Throws: `invalidArgument` if the problem makes no sense, `overLimit` if it exceeds the device's
  ///   limits.
  package static func plan(
    _ problem: MergeProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    try problem.validate()
    var plan = Plan(operation: "merge", schedule: problem.rows > 0 ? "rows" : "empty", tile: [])
    guard problem.rows > 0 else { return plan }
    try append(
      to: &plan, problem, parts: .operand(0), partLSE: .operand(1), o: .operand(2),
      lse: .operand(3), capabilities)
    let elements = Double(problem.rows) * Double(problem.valueDim)
    plan.flopsNeeded = 2 * Double(problem.parts) * elements
    plan.flopsDone = plan.flopsNeeded
    plan.bytes =
      elements * Double(problem.parts * problem.dtype.byteCount + problem.outputDType.byteCount)
      + 4 * Double(problem.rows) * Double(problem.parts + 1)
    return plan
  }

  /// Appends the merge to another plan, over whole operands or scratch buffers.
  /// - Throws: as `plan`.
  package static func append(
    to plan: inout Plan, _ problem: MergeProblem, parts: Plan.Source, partLSE: Plan.Source,
    o: Plan.Source, lse: Plan.Source, _ capabilities: Capabilities
  ) throws(TesseraError) {
    try problem.validate()
    guard problem.rows > 0 else { return }
    let elements = problem.rows * problem.valueDim
    try Plan.checkBindings(
      "merge",
      [
        ("parts", problem.parts * elements, problem.dtype),
        ("lse of parts", problem.parts * problem.rows, .f32),
        ("o", elements, problem.outputDType), ("lse", problem.rows, .f32),
      ], capabilities)
    try Plan.checkLoops("merge", 2 * problem.parts, capabilities)
    let blocks = max(1, (problem.valueDim + 3) / 4)
    let kernel = plan.kernel(
      KernelSpec(
        PartKernels.merge,
        [
          .init("PARTS_DTYPE", problem.dtype.kernelCode),
          .init("O_DTYPE", problem.outputDType.kernelCode),
          PartKernels.vector(problem.valueDim, capabilities),
        ]))
    var constants = ConstantBlock()
    for value in [problem.parts, problem.rows, problem.valueDim, blocks] { constants.append(value) }
    let grid =
      capabilities.backend == .cpu
      ? GridSize.host(problem.rows, work: problem.parts * (problem.valueDim + 16), capabilities)
      : try .linear(problem.rows * blocks, "merge", capabilities)
    var arguments = [
      Plan.Argument(parts, byteCount: problem.parts * elements * problem.dtype.byteCount),
      Plan.Argument(partLSE, byteCount: 4 * problem.parts * problem.rows),
      Plan.Argument(o, byteCount: elements * problem.outputDType.byteCount),
      Plan.Argument(lse, byteCount: 4 * problem.rows),
    ]
    if elements == 0 {
      arguments[0] = .init(.none, byteCount: 0)
      arguments[2] = plan.unusedScratch()
    }
    plan.dispatches.append(
      .init(kernel: kernel, grid: grid, constants: constants.bytes, arguments: arguments))
  }
}
