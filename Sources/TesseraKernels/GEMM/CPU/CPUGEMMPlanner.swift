import CTesseraSIMD
package import TesseraCore
package import TesseraHAL

/// Plans matrix products on the CPU back-end: pure, from the problem and the capabilities alone.
///
/// Operands of a plan: 0 = a, 1 = b, 2 = c, 3 = bias, 4 = d.
///
/// | schedule | when | dispatches |
/// |---|---|---|
/// | `empty` | D has no elements | none |
/// | `vector` | D has at most 4 rows or columns | one |
/// | `fused` | one row of blocks, or little work, or K = 0 | one |
/// | `packed` | otherwise | per part of B: pack, multiply |
package enum CPUGEMMPlanner {
  /// Bytes of packed B at one time; one panel of B may exceed it.
  package static let scratchLimit = 64 << 20
  /// Groups along z that fit a dispatch on every device.
  static let maxBatches = 65535

  /// Plans `problem`, with `scratchLimit` bytes for packed panels.
  /// - Throws: `unsupported` for element types other than f32, f16 and bf16; `overLimit` if an
  ///   operand's extent in memory overflows, or there are too many batch axes for the constants.
  package static func plan(
    _ problem: GEMMProblem, capabilities: Capabilities, scratchLimit: Int = scratchLimit
  ) throws(TesseraError) -> Plan {
    for dtype in [problem.a.dtype, problem.b.dtype, problem.c?.dtype, problem.d.dtype,
      problem.bias?.dtype]
    {
      if let dtype, !GEMMProblem.dtypes.contains(dtype) {
        throw .unsupported("matrix products of \(dtype)", device: capabilities.name)
      }
    }
    guard problem.m > 0, problem.n > 0, !problem.batch.contains(0) else {
      var plan = Plan(operation: "gemm", schedule: "empty", tile: [])
      plan.notes = ["nothing to compute: the output is empty"]
      return plan
    }
    let sizes = try CPUGEMMSizes(problem)
    var form = CPUGEMMForm(problem)
    guard CPUGEMMForm.constantBytes(axes: form.axes.count) <= max(capabilities.maxConstantBytes, 512)
    else {
      throw .overLimit(
        "batch axes that do not merge", requested: form.axes.count,
        limit: (capabilities.maxConstantBytes - CPUGEMMForm.constantBytes(axes: 0)) / 40)
    }
    form.gemm.column_count = form.gemm.n
    form.gemm.axes = Int64(form.axes.count)
    let thin = min(form.gemm.m, form.gemm.n) <= 4 && form.gemm.k > 0
    if thin, form.gemm.n < form.gemm.m { form.swap() }
    var builder = CPUGEMMBuilder(
      form: form, sizes: sizes, capabilities: capabilities, scratchLimit: scratchLimit)
    var plan = thin ? builder.vectorPlan() : try builder.blockPlan()
    plan.flopsNeeded = problem.flops
    plan.bytes = sizes.moved
    return plan
  }
}
