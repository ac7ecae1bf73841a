import TesseraCore
import TesseraHAL

/// Writes the dispatches of a Hopper form: the products, and where they leave sums the second pass.
struct HopperGEMMBuilder {
  let problem: GEMMProblem
  let form: HopperGEMMForm
  let capabilities: Capabilities

  /// Whether sums go through memory: K is cut, or the copy engine cannot write D.
  private var leavesSums: Bool {
    form.splits > 1 || !TensorGEMM.isCopyable(problem.d, rows: problem.m, 3, problem)
  }

  /// - Throws: `overLimit` for operands or scratch beyond what can be bound.
  func build() throws(TesseraError) -> Plan {
    var plan = Plan(
      operation: "gemm", schedule: form.splits > 1 ? "persistent-split-k" : "persistent",
      tile: [form.tileM, form.tileN, HopperGEMMForm.tileK])
    plan.tier = TensorTier.hopper.rawValue
    plan.form = FormName.text(plan.tier, form.parameters, splits: form.splits)
    plan.flopsNeeded = problem.flops
    plan.bytes = GEMMTraffic.bytes(problem)
    let units = form.tiles(problem).multipliedSaturating(problem.batchCount)
      .multipliedSaturating(form.splits)
    guard units < Int(Int32.max) - 4096 else {
      throw .overLimit("tiles of gemm", requested: units, limit: Int(Int32.max) - 4096)
    }
    let groups = min(units, max(1, capabilities.computeUnits))
    var scratch = groups * HopperGEMMForm.mapBytes
    let sumsStart = scratch
    let rowBytes = 4 * ((problem.n + 3) & ~3)
    let parts = problem.batchCount * form.splits
    if leavesSums {
      scratch = scratch.addedSaturating(
        rowBytes.multipliedSaturating(problem.m).multipliedSaturating(parts))
    }
    var arguments = TensorGEMM.arguments(problem)
    for argument in arguments + [Plan.Argument(.none, byteCount: scratch)]
    where argument.byteCount > capabilities.maxBindingRange {
      throw .overLimit(
        "bytes of an operand of gemm", requested: argument.byteCount,
        limit: capabilities.maxBindingRange, device: capabilities.name)
    }
    plan.scratch = [scratch]
    plan.kernels = [
      KernelSpec(
        "gemm_hopper",
        TensorGEMM.operandParameters(problem)
          + (leavesSums ? TensorGEMM.noEpilogue : TensorGEMM.parameters(problem)) + [
            .init("BATCHED", TensorGEMM.axes(problem).contains { $0.extent > 1 } ? 1 : 0),
            .init("SPLIT", leavesSums ? 1 : 0),
          ] + form.parameters)
    ]
    let join = TensorGEMM.joinDispatch(
      problem, splits: form.splits, scratch: 0, offset: sumsStart, byteCount: scratch - sumsStart)
    if leavesSums {
      for position in 2...4 { arguments[position] = Plan.Argument(.none, byteCount: 4) }
    }
    arguments.append(Plan.Argument(.scratch(0), byteCount: scratch))
    plan.dispatches = [
      Plan.Dispatch(kernel: 0, grid: GridSize(groups), constants: constants, arguments: arguments)
    ]
    if leavesSums {
      plan.kernels.append(TensorGEMM.joinKernel(problem))
      plan.dispatches.append(join)
      plan.notes.append(
        form.splits > 1
          ? "K cut into \(form.splits) parts of \(form.productsPerPart(problem)), joined in order"
          : "rows of d are not whole 16 bytes: results pass through f32 scratch")
    }
    count(&plan)
    return plan
  }

  private func count(_ plan: inout Plan) {
    let full = problem.m / form.tileM * (problem.n / form.tileN) * problem.batchCount
    let all = form.tiles(problem) * problem.batchCount
    plan.tiles = Plan.TileCounts(full: full, partial: all - full, skipped: 0)
    let products = form.productsPerPart(problem) * form.splits
    plan.flopsDone = 2 * Double(all) * Double(form.tileM * form.tileN) * Double(products)
  }

  private var constants: [UInt8] {
    TensorGEMM.constants(
      problem, splits: form.splits, productsPerPart: form.productsPerPart(problem))
  }
}
