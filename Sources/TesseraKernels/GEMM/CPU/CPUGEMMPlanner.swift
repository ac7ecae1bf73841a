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
    let dtypes = [problem.a.dtype, problem.b.dtype, problem.d.dtype]
    let optional = [problem.c?.dtype, problem.bias?.dtype].compactMap { $0 }
    for dtype in dtypes + optional where !GEMMProblem.dtypes.contains(dtype) {
      throw .unsupported("matrix products of \(dtype)", device: capabilities.name)
    }
    guard problem.m > 0, problem.n > 0, !problem.batch.contains(0) else {
      var plan = Plan(operation: "gemm", schedule: "empty", tile: [])
      plan.notes = ["nothing to compute: the output is empty"]
      return plan
    }
    let sizes = try CPUGEMMSizes(problem)
    var form = CPUGEMMForm(problem)
    let constantBytes = CPUGEMMForm.constantBytes(axes: form.axes.count)
    guard constantBytes <= capabilities.maxConstantBytes else {
      throw .overLimit(
        "bytes of constants for \(form.axes.count) batch axes that do not merge",
        requested: constantBytes, limit: capabilities.maxConstantBytes, device: capabilities.name)
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
