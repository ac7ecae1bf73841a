package import TesseraCore
package import TesseraHAL

/// Plans `attention_sum`: partial tensors in f32, added in order and rounded once.
package enum SumPlanner {
  /// Appends `sum[i] = Σs parts[s][i]` over `parts` partial tensors `[parts, count]` in f32.
  ///
  /// `sum` is bound as it is, but for its size, which is `count` elements of `dtype`.
  /// - Throws: `overLimit` if the tensors exceed the device's limits.
  package static func append(
    to plan: inout Plan, parts: Int, count: Int, dtype: DType, from source: Plan.Source,
    to sum: Plan.Argument, _ capabilities: Capabilities
  ) throws(TesseraError) {
    guard count > 0 else { return }
    guard parts >= 1, AttentionProblem.dtypes.contains(dtype) else {
      throw .invalidArgument(
        "sum", got: "\(parts) parts in \(dtype)", allowed: "at least 1 in f32, f16 or bf16")
    }
    _ = try Shape([parts, count]).byteCount(of: .f64)
    try Plan.checkBindings(
      "sum", [("parts", parts * count, .f32), ("sum", count, dtype)], capabilities)
    try Plan.checkLoops("sum", parts, capabilities)
    let kernel = plan.kernel(
      KernelSpec(PartKernels.sum, [.init("SUM_DTYPE", dtype.kernelCode)]))
    var constants = ConstantBlock()
    constants.append(parts)
    constants.append(count)
    var target = sum
    target.byteCount = count * dtype.byteCount
    plan.dispatches.append(
      .init(
        kernel: kernel,
        grid: capabilities.backend == .cpu
          ? .host(count, work: parts, capabilities) : try .linear(count, "sum", capabilities),
        constants: constants.bytes,
        arguments: [.init(source, byteCount: 4 * parts * count), target]))
  }

  /// Plans the sum alone. Operands: 0 = parts `[parts, count]` in f32, 1 = sum `[count]`.
  /// - Throws: as `append`.
  package static func plan(
    parts: Int, count: Int, dtype: DType, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    var plan = Plan(operation: "sum", schedule: count > 0 ? "elements" : "empty", tile: [])
    try append(
      to: &plan, parts: parts, count: count, dtype: dtype, from: .operand(0),
      to: .init(.operand(1), byteCount: 0), capabilities)
    plan.bytes = Double(count) * Double(4 * parts + dtype.byteCount)
    return plan
  }
}
