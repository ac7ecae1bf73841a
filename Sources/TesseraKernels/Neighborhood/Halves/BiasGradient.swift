import CTesseraSIMD
package import TesseraCore
package import TesseraHAL

/// The gradient of the relative-position bias, `dbias[h, o] = Σ dS`, as part of a plan.
package enum BiasGradient {
  /// Where the kernel finds its tensors; all of them whole.
  package struct Operands: Sendable {
    var q: Plan.Source
    var k = Plan.Source.none
    var v = Plan.Source.none
    var dO = Plan.Source.none
    var bias = Plan.Source.none
    var lse = Plan.Source.none
    var delta = Plan.Source.none
    var keyMask: Plan.Source
    var dBias: Plan.Source
    /// Whether `q` holds dS.
    var given = false

    /// For a backward plan of neighborhood attention: `Plan.NeighborhoodOperand`, and where the plan
    /// keeps δ `[B, Y.., H]` in f32.
    package init(delta: Plan.Source) {
      func source(_ operand: Plan.NeighborhoodOperand) -> Plan.Source {
        .operand(operand.rawValue)
      }
      (q, k, v, dO) = (source(.q), source(.k), source(.v), source(.dO))
      (bias, lse, keyMask, dBias) = (source(.bias), source(.lse), source(.keyMask), source(.dBias))
      self.delta = delta
    }

    /// For unfused scores, whose dS `[B, Y.., H, Π k]` is there already.
    package init(dScores: Plan.Source, keyMask: Plan.Source, dBias: Plan.Source) {
      (q, self.keyMask, self.dBias, given) = (dScores, keyMask, dBias, true)
    }
  }

  private static let (flagMask, flagGiven) = (Int32(1), Int32(8))

  /// Appends the dispatches that write the whole of dBias, zero where nothing is attended.
  ///
  /// Large batches are cut for the device's binding range; sums are cut into fixed parts where one
  /// workgroup per table entry would be too few, or too long for the driver's loop limit. Parts are
  /// added up in order by `attention_sum`.
  /// - Throws: `overLimit` if a single batch entry exceeds the device's limits.
  package static func append(
    to plan: inout Plan, _ problem: NeighborhoodProblem, _ operands: Operands,
    _ capabilities: Capabilities
  ) throws(TesseraError) {
    guard problem.hasRelativeBias, problem.heads > 0 else { return }
    let axes = try HalvesAxes(problem)
    let host = capabilities.backend == .cpu
    // All heads' relative positions; for an axis without keys the table may be larger than the axes say.
    let count = try Shape(problem.biasDimensions).elementCount
    let table = count / problem.heads
    let rows = problem.queryTokens * problem.heads, vectors = problem.tokens * problem.kvHeads
    let (d, dv) = (problem.headDim, problem.valueDim)
    let windowKeys = axes.axes.reduce(1) { $0 * $1.window }
    let tensors: [(source: Plan.Source, tensor: BatchSplit.Tensor)] =
      operands.given
      ? [(operands.q, .init(name: "d_scores", elements: rows * windowKeys, dtype: problem.dtype))]
      : [
        (operands.q, .init(name: "q", elements: rows * d, dtype: problem.dtype)),
        (operands.k, .init(name: "k", elements: vectors * d, dtype: problem.dtype)),
        (operands.v, .init(name: "v", elements: vectors * dv, dtype: problem.dtype)),
        (operands.dO, .init(name: "d_o", elements: rows * dv, dtype: problem.outputDType)),
        (operands.lse, .init(name: "lse", elements: rows, dtype: .f32)),
        (operands.delta, .init(name: "delta", elements: rows, dtype: .f32)),
      ]
    let mask = (
      operands.keyMask,
      BatchSplit.Tensor(
        name: "key_mask", elements: problem.hasKeyMask ? problem.tokens : 0, dtype: .bool)
    )
    let ranges = try BatchSplit(
      problem.batch, tensors.map(\.tensor) + [mask.1], invocations: 0, plan.operation, capabilities
    ).ranges
    let vector = PartKernels.vector(d % 4 == 0 && dv % 4 == 0 ? 4 : 1, capabilities)
    let perQuery =
      16 + (operands.given ? 0 : vector.value == 1 ? (d + dv) / 4 : d + dv)
    let tokens = (ranges.map(\.count).max() ?? 0) * problem.queryTokens
    let splits = try splits(
      tokens, problem.heads, table, perQuery: perQuery, plan.operation, capabilities)
    let parts = splits * ranges.count
    try Plan.checkBindings(
      plan.operation, [("bias", count, .f32), ("parts of d_bias", parts * count, .f32)],
      capabilities)
    let target =
      parts == 1 ? operands.dBias : plan.addScratch(4 * parts * count)

    var parameters: [KernelSpec.Parameter] = [
      .init("Q_DTYPE", problem.dtype.kernelCode), .init("DO_DTYPE", problem.outputDType.kernelCode),
      vector,
    ]
    if host {
      let localBytes = 8 * table + 8 * (d + dv)
      guard localBytes <= capabilities.localMemoryBytes else {
        throw .overLimit(
          "local memory for relative positions", requested: localBytes,
          limit: capabilities.localMemoryBytes, device: capabilities.name)
      }
      parameters.append(.init("LOCAL_BYTES", localBytes))
    }
    let kernel = plan.kernel(KernelSpec(HalvesKernels.biasGradient, parameters))
    var constants = constants(problem, axes, table)
    constants.flags =
      (problem.hasKeyMask ? flagMask : 0) | (operands.given ? flagGiven : 0)
    for (index, range) in ranges.enumerated() {
      constants.batch = Int32(range.count)
      constants.first = Int32(index * splits)
      func argument(_ source: Plan.Source, _ tensor: BatchSplit.Tensor) -> Plan.Argument {
        guard tensor.bytes > 0, !range.isEmpty else { return .init(.none, byteCount: 0) }
        return .init(
          source, offset: tensor.bytes * range.lowerBound, byteCount: tensor.bytes * range.count)
      }
      let none = Plan.Argument(.none, byteCount: 0)
      var arguments = tensors.map { argument($0.source, $0.tensor) }
      if operands.given { arguments += Array(repeating: none, count: 5) }
      arguments.insert(argument(mask.0, mask.1), at: 4)
      arguments.insert(
        operands.given ? none : .init(operands.bias, byteCount: 4 * count), at: 5)
      arguments.append(.init(target, byteCount: 4 * parts * count))
      plan.dispatches.append(
        .init(
          kernel: kernel,
          grid: host
            ? GridSize(problem.heads, 1, splits)
            : try grid(count, splits, plan.operation, capabilities),
          constants: withUnsafeBytes(of: constants) { Array($0) }, arguments: arguments))
    }
    if parts > 1 {
      try SumPlanner.append(
        to: &plan, parts: parts, count: count, dtype: .f32, from: target,
        to: .init(operands.dBias, byteCount: 0), capabilities)
    }
  }

  /// Parts that each sum is cut into.
  private static func splits(
    _ tokens: Int, _ heads: Int, _ table: Int, perQuery: Int, _ operation: String,
    _ capabilities: Capabilities
  ) throws(TesseraError) -> Int {
    let units = max(capabilities.computeUnits, 1)
    if capabilities.backend == .cpu {
      // Each part takes a while and has a table of its own to clear.
      return max(1, min((4 * units + heads - 1) / heads, tokens / max(256, table)))
    }
    let sums = heads * table
    var splits = max(1, min((8 * units + sums - 1) / sums, tokens / 512))
    if let limit = capabilities.maxLoopIterations {
      let most = (limit - limit / 16 - 64) / perQuery
      guard most > 0 else {
        throw .overLimit(
          "loop iterations of one query of \(operation)", requested: perQuery, limit: limit,
          device: capabilities.name)
      }
      let each = GridSize.linearWorkgroup * most
      splits = max(splits, (tokens + each - 1) / each)
    }
    return splits
  }

  private static func grid(
    _ sums: Int, _ splits: Int, _ operation: String, _ capabilities: Capabilities
  ) throws(TesseraError) -> GridSize {
    let x = min(sums, capabilities.maxGroupCount[0], 1 << 20)
    let grid = GridSize(x, (sums + x - 1) / x, splits)
    for (axis, value) in [(1, grid.y), (2, grid.z)] where value > capabilities.maxGroupCount[axis] {
      throw .overLimit(
        "workgroups of \(operation)", requested: value, limit: capabilities.maxGroupCount[axis],
        device: capabilities.name)
    }
    return grid
  }

  private static func constants(
    _ problem: NeighborhoodProblem, _ axes: HalvesAxes, _ table: Int
  ) -> tessera_bias_constants {
    var c = tessera_bias_constants()
    c.keys = axes.triple(\.keys)
    c.queries = axes.triple(\.queries)
    c.window = axes.triple(\.window)
    c.stride = axes.triple(\.stride)
    c.dilation = axes.triple(\.dilation)
    c.kinds = axes.kinds
    c.heads = Int32(problem.heads)
    c.group = Int32(problem.group)
    c.head_dim = Int32(problem.headDim)
    c.value_dim = Int32(problem.valueDim)
    c.table = Int32(table)
    c.scale = problem.scale
    return c
  }
}
