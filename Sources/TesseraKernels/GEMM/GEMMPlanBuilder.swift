import TesseraCore
import TesseraHAL

/// Writes the dispatches of one form for one problem.
struct GEMMPlanBuilder {
  let problem: GEMMProblem
  let form: GEMMForm
  let capabilities: Capabilities
  let partition: GEMMPartition

  /// More dispatches than this are refused: recording them would take longer than the work.
  private static let maxDispatches = 1 << 16

  /// - Throws: `overLimit` if the problem cannot be cut to the device's limits.
  init(
    _ problem: GEMMProblem, _ form: GEMMForm, _ capabilities: Capabilities
  ) throws(TesseraError) {
    self.problem = problem
    self.form = form
    self.capabilities = capabilities
    partition = try GEMMPartition(problem, form, capabilities)
    guard partition.dispatchCount <= Self.maxDispatches else {
      throw .overLimit(
        "dispatches of gemm", requested: partition.dispatchCount, limit: Self.maxDispatches,
        device: capabilities.name)
    }
  }

  func build() -> Plan {
    var plan = Plan(
      operation: "gemm", schedule: form.kernel.rawValue,
      tile: [form.tileM, form.tileN, form.tileK])
    plan.form = FormName.text(form.kernel.rawValue, form.parameters)
    plan.flopsNeeded = problem.flops
    plan.bytes = GEMMTraffic.bytes(problem)
    guard problem.batchCount > 0, problem.m > 0, problem.n > 0 else { return plan }
    plan.kernels = [spec]
    if partition.isSplit {
      plan.schedule += "-split-k"
      plan.notes.append("K cut into parts of \(partition.products), sums carried in f32")
      let count = partition.batches.reduce(1, *)
      plan.scratch = [4 * partition.rows * partition.columns * count]
    }
    appendDispatches(&plan)
    if plan.dispatches.count > 1 {
      plan.notes.append("\(plan.dispatches.count) dispatches to stay within the device's limits")
    }
    return plan
  }

  /// The kernel with every choice made.
  private var spec: KernelSpec {
    func code(_ dtype: DType?) -> Int { dtype == .bf16 ? 2 : dtype == .f16 ? 1 : 0 }
    let axis = problem.bias.map { $0.axis == .row ? 1 : 2 } ?? 0
    let activation = Activation.allCases.firstIndex(of: problem.activation) ?? 0
    return KernelSpec(
      "gemm_" + form.kernel.rawValue,
      [
        .init("A_DTYPE", code(problem.a.dtype)), .init("B_DTYPE", code(problem.b.dtype)),
        .init("C_DTYPE", code(problem.c?.dtype)), .init("BIAS_DTYPE", code(problem.bias?.dtype)),
        .init("D_DTYPE", code(problem.d.dtype)),
        .init("TRANSPOSE_A", problem.transposeA ? 1 : 0),
        .init("TRANSPOSE_B", problem.transposeB ? 1 : 0),
        .init("USE_C", problem.c != nil && problem.beta != 0 ? 1 : 0), .init("BIAS_AXIS", axis),
        .init("ACTIVATION", activation), .init("VECTOR_A", vector(problem.a, 0)),
        .init("VECTOR_B", vector(problem.b, 1)), .init("VECTOR_D", vector(problem.d, 3)),
        .init("SPLIT", partition.isSplit ? 1 : 0),
      ] + form.parameters)
  }

  /// 4 where every row of the operand starts at a multiple of four elements, in every dispatch.
  private func vector(_ operand: GEMMProblem.Operand, _ position: Int) -> Int {
    let cuts = [partition.rows, partition.columns, partition.products]
    let wholes = [problem.m, problem.n, problem.k]
    let aligned =
      operand.rowStride % 4 == 0 && partition.axes.allSatisfy { $0.strides[position] % 4 == 0 }
      && zip(cuts, wholes).allSatisfy { $0 == $1 || $0 % 4 == 0 }
    return aligned && form.kernel == .tiled ? 4 : 1
  }

  private func appendDispatches(_ plan: inout Plan) {
    var start = partition.axes.map { _ in 0 }
    repeat {
      let extents = zip(zip(partition.axes, partition.batches), start).map {
        min($0.0.1, $0.0.0.extent - $0.1)
      }
      for row in stride(from: 0, to: problem.m, by: partition.rows) {
        for column in stride(from: 0, to: problem.n, by: partition.columns) {
          appendBlock(&plan, start, extents, row: row, column: column)
        }
      }
    } while advance(&start)
  }

  /// Moves on to the next batches; false after the last.
  private func advance(_ start: inout [Int]) -> Bool {
    for axis in start.indices.reversed() {
      start[axis] += partition.batches[axis]
      if start[axis] < partition.axes[axis].extent { return true }
      start[axis] = 0
    }
    return false
  }

  /// The dispatches of one block of D: one, or one for each part of K.
  private func appendBlock(
    _ plan: inout Plan, _ start: [Int], _ extents: [Int], row: Int, column: Int
  ) {
    let rows = min(partition.rows, problem.m - row)
    let columns = min(partition.columns, problem.n - column)
    var product = 0
    repeat {
      let products = min(partition.products, problem.k - product)
      let last = product + products == problem.k
      let block = GEMMBlock(
        batchStart: start, batches: extents, row: row, rows: rows, column: column,
        columns: columns, product: product, products: products,
        flags: (product > 0 ? 1 : 0) | (last ? 0 : 2))
      plan.append(block, self)
      product += products
    } while product < problem.k
  }
}
