import TesseraCore
import TesseraHAL

/// Writes the dispatches of an `mma.sync` form: the products, and where K is cut the second pass.
struct MMAGEMMBuilder {
  let problem: GEMMProblem
  let form: MMAGEMMForm
  let capabilities: Capabilities

  /// - Throws: `overLimit` for operands, scratch or grids beyond what the device takes.
  func build() throws(TesseraError) -> Plan {
    let split = form.splits > 1
    var plan = Plan(
      operation: "gemm", schedule: split ? "tiled-split-k" : "tiled",
      tile: [form.tileM, form.tileN, MMAGEMMForm.tileK])
    plan.tier = TensorTier.mma.rawValue
    plan.form = FormName.text(plan.tier, form.parameters, splits: form.splits)
    plan.flopsNeeded = problem.flops
    plan.bytes = GEMMTraffic.bytes(problem)
    let tiles = form.tiles(problem)
    let rowBytes = 4 * ((problem.n + 3) & ~3)
    let scratch =
      split
      ? rowBytes.multipliedSaturating(problem.m)
        .multipliedSaturating(problem.batchCount * form.splits) : 0
    var arguments = TensorGEMM.arguments(problem)
    for argument in arguments + [Plan.Argument(.none, byteCount: scratch)]
    where argument.byteCount > capabilities.maxBindingRange {
      throw .overLimit(
        "bytes of an operand of gemm", requested: argument.byteCount,
        limit: capabilities.maxBindingRange, device: capabilities.name)
    }
    for (axis, count) in [tiles, form.splits, problem.batchCount].enumerated()
    where count > capabilities.maxGroupCount[axis] {
      throw .overLimit(
        "workgroups of gemm", requested: count, limit: capabilities.maxGroupCount[axis],
        device: capabilities.name)
    }
    plan.kernels = [
      KernelSpec(
        "gemm_mma",
        TensorGEMM.operandParameters(problem)
          + (split ? TensorGEMM.noEpilogue : TensorGEMM.parameters(problem)) + [
            .init("COPY_A", copies(problem.a, problem.transposeA ? problem.k : problem.m, 0)),
            .init("COPY_B", copies(problem.b, problem.transposeB ? problem.n : problem.k, 1)),
            .init("SPLIT", split ? 1 : 0),
          ] + form.parameters)
    ]
    if split {
      plan.scratch = [scratch]
      for position in 2...4 { arguments[position] = Plan.Argument(.none, byteCount: 4) }
    }
    arguments.append(
      split ? Plan.Argument(.scratch(0), byteCount: scratch) : Plan.Argument(.none, byteCount: 4))
    plan.dispatches = [
      Plan.Dispatch(
        kernel: 0, grid: GridSize(tiles, form.splits, problem.batchCount), constants: constants,
        arguments: arguments)
    ]
    if split {
      plan.kernels.append(TensorGEMM.joinKernel(problem))
      plan.dispatches.append(
        TensorGEMM.joinDispatch(
          problem, splits: form.splits, scratch: 0, offset: 0, byteCount: scratch))
      plan.notes.append(
        "K cut into \(form.splits) parts of \(form.productsPerPart(problem)), joined in order")
    }
    let full = problem.m / form.tileM * (problem.n / form.tileN) * problem.batchCount
    let all = tiles * problem.batchCount
    plan.tiles = Plan.TileCounts(full: full, partial: all - full, skipped: 0)
    plan.flopsDone =
      2 * Double(all) * Double(form.tileM * form.tileN)
      * Double(form.productsPerPart(problem) * form.splits)
    return plan
  }

  /// 1 where rows can be copied in pieces of 16 bytes.
  private func copies(_ operand: GEMMProblem.Operand, _ rows: Int, _ position: Int) -> Int {
    TensorGEMM.isCopyable(operand, rows: rows, position, problem) ? 1 : 0
  }

  /// The constants block; the order is that of `gemm_tensor.h`.
  private var constants: [UInt8] {
    TensorGEMM.constants(
      problem, splits: form.splits, productsPerPart: form.productsPerPart(problem))
  }
}
