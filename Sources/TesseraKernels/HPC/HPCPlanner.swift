package import TesseraCore
package import TesseraHAL

/// Plans the operations of the reference set. Operands are those of `HPCProblem.Operation`, in order.
package enum HPCPlanner {
  /// - Throws: `overLimit` if an array is larger than the device can bind.
  package static func plan(
    _ problem: HPCProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    var plan = Plan(
      operation: problem.operation.rawValue, schedule: "grid-stride", tile: [64])
    plan.flopsNeeded = problem.flops
    plan.flopsDone = problem.flops
    plan.bytes = problem.bytes
    let builder = Builder(problem: problem, capabilities: capabilities)
    try builder.check()
    let n = 4 * problem.n
    let matrix = [4 * (problem.n + 1), 4 * problem.entries, 4 * problem.entries]
    switch problem.operation {
    case .read:
      let grid = builder.grid(problem.n / 4, work: 4)
      plan.bytes += Double(256 * grid.count)
      builder.add(
        "stream_read", to: &plan, grid, n: problem.n / 4,
        [operand(0, n), operand(1, 256 * grid.count)])
    case .write:
      builder.add(
        "stream_write", to: &plan, builder.grid(problem.n / 4, work: 4), n: problem.n / 4,
        [operand(0, n)])
    case .fma:
      builder.add(
        "fma_peak", to: &plan, GridSize(problem.n / 64), n: problem.n, [operand(0, n)])
    case .axpy:
      builder.add(
        "axpy", to: &plan, builder.grid((problem.n + 3) / 4, work: 8), n: problem.n,
        [operand(0, n), operand(1, n), operand(2, n)])
    case .gemv:
      builder.add(
        "gemv", to: &plan, builder.grid(problem.n * 64, work: problem.width / 32 + 1),
        n: problem.n, count: problem.width % 4 == 0 ? 1 : 0,
        [operand(0, n * problem.width), operand(1, 4 * problem.width), operand(2, n)])
    case .spmv:
      builder.product(
        to: &plan, [operand(0, matrix[0]), operand(1, matrix[1]), operand(2, matrix[2])],
        x: operand(3, n), y: operand(4, n))
    case .jacobi: builder.jacobi(to: &plan)
    case .cg: builder.conjugateGradients(to: &plan, matrix)
    }
    return plan
  }

  /// Elements of the result of `read` and `fma` on this device.
  package static func invocations(
    _ problem: HPCProblem, _ capabilities: Capabilities
  ) -> Int {
    problem.operation == .fma
      ? problem.n
      : 64
        * Builder(problem: problem, capabilities: capabilities).grid(problem.n / 4, work: 4).count
  }

  private static func operand(_ index: Int, _ byteCount: Int) -> Plan.Argument {
    .init(.operand(index), byteCount: byteCount)
  }

  private struct Builder {
    let problem: HPCProblem
    let capabilities: Capabilities

    func check() throws(TesseraError) {
      let cells = problem.n * (problem.operation == .gemv ? problem.width : 1)
      try Plan.checkBindings(
        problem.operation.rawValue,
        [("elements", cells, .f32), ("entries", problem.entries, .f32)], capabilities)
      try Plan.checkLoops(
        problem.operation.rawValue,
        problem.operation == .fma
          ? problem.steps : cells / (grid(problem.n, work: 1).count * 64) + problem.width / 64,
        capabilities)
    }

    /// Workgroups for a loop over `items`: enough for the whole device, and no more than there is work.
    func grid(_ items: Int, work: Int) -> GridSize {
      if capabilities.backend == .cpu { return .host(items, work: work, capabilities) }
      // Drivers on CPUs run one invocation after the other: only if each takes one item do neighbours in
      // memory follow each other in time.
      let full =
        capabilities.kind == .software ? Int.max : max(capabilities.computeUnits, 1) * 32
      return GridSize(max(1, min((items + 63) / 64, full, capabilities.maxGroupCount[0], 65535)))
    }

    func add(
      _ kernel: String, to plan: inout Plan, _ grid: GridSize, n: Int, count: Int? = nil,
      _ arguments: [Plan.Argument]
    ) {
      var constants = ConstantBlock()
      constants.append(n)
      constants.append(problem.width)
      constants.append(count ?? problem.steps)
      constants.append(problem.factor)
      plan.dispatches.append(
        .init(
          kernel: plan.kernel(KernelSpec(kernel)), grid: grid, constants: constants.bytes,
          arguments: arguments))
    }

    func product(
      to plan: inout Plan, _ matrix: [Plan.Argument], x: Plan.Argument, y: Plan.Argument
    ) {
      let perRow = problem.entries / problem.n + 1
      add("spmv", to: &plan, grid(problem.n * 8, work: perRow), n: problem.n, matrix + [x, y])
    }

    /// Steps go to and fro between two grids, so that the last one writes the result.
    func jacobi(to plan: inout Plan) {
      let bytes = 4 * problem.n
      if problem.steps > 1 { plan.scratch = [bytes] }
      let (result, other) = (operand(2, bytes), Plan.Argument(.scratch(0), byteCount: bytes))
      for step in 0..<problem.steps {
        let last = (problem.steps - 1 - step) % 2 == 0
        let from = step == 0 ? operand(0, bytes) : last ? other : result
        add(
          "jacobi", to: &plan, grid(problem.n, work: 5), n: problem.n,
          [from, operand(1, bytes), last ? result : other])
      }
    }

    func conjugateGradients(to plan: inout Plan, _ matrix: [Int]) {
      let (bytes, parts) = (4 * problem.n, 4 * HPCKernels.dotParts)
      plan.scratch = [bytes, bytes, bytes, parts, parts, parts]
      let scratch = plan.scratch.indices.map {
        Plan.Argument(.scratch($0), byteCount: plan.scratch[$0])
      }
      let (r, p, q, pq) = (scratch[0], scratch[1], scratch[2], scratch[3])
      let (b, x) = (operand(3, bytes), operand(4, bytes))
      let a = matrix.enumerated().map { operand($0.offset, $0.element) }
      let every = grid(problem.n, work: 4)
      let dots = GridSize(HPCKernels.dotParts)
      add("cg_start", to: &plan, every, n: problem.n, [b, x, r, p])
      add("dot_parts", to: &plan, dots, n: problem.n, [b, b, scratch[4]])
      for step in 0..<problem.steps {
        let (old, new) = (scratch[4 + step % 2], scratch[4 + (step + 1) % 2])
        product(to: &plan, a, x: p, y: q)
        add("dot_parts", to: &plan, dots, n: problem.n, [p, q, pq])
        add("cg_step", to: &plan, every, n: problem.n, [old, pq, p, q, x, r])
        guard step + 1 < problem.steps else { break }
        add("dot_parts", to: &plan, dots, n: problem.n, [r, r, new])
        add("cg_direction", to: &plan, every, n: problem.n, [new, old, r, p])
      }
    }
  }
}
