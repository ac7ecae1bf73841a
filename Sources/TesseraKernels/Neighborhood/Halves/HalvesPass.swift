import CTesseraSIMD
import TesseraCore
import TesseraHAL

/// One run of `na_dots`, `na_gather_rows` or `na_gather_keys`: what it takes from where.
struct HalvesPass {
  /// An operand of the plan and the elements one batch entry has of it.
  struct Operand {
    let name: String
    let index: Int
    let elements: Int

    init(_ name: String, _ index: Int, _ elements: Int) {
      self.name = name
      self.index = index
      self.elements = elements
    }
  }

  /// The kernel's name.
  let kernel: String
  /// Its first two slots.
  let inputs: [Operand]
  /// Bytes, one batch entry; nil if no key is masked.
  var mask: Operand?
  /// The whole table in f32; nil without a bias. `na_dots` only.
  var bias: Operand?
  let output: Operand
  /// Elements of a row of vectors: the head dimension.
  let columns: Int
  let factor: Float
  /// Whether `na_dots` gives −∞ where there is no key.
  var scores = false

  private static let (flagMask, flagBias, flagScores) = (Int32(1), Int32(2), Int32(4))

  /// Appends the pass's dispatches to a plan.
  func append(
    to plan: inout Plan, _ problem: NeighborhoodProblem, _ axes: HalvesAxes,
    _ capabilities: Capabilities
  ) throws(TesseraError) {
    guard problem.batch > 0, output.elements > 0 else { return }
    let windowKeys = axes.axes.reduce(1) { $0 * $1.window }
    let rows =
      kernel == HalvesKernels.gatherKeys
      ? problem.tokens * problem.kvHeads : problem.queryTokens * problem.heads
    let perRow = kernel == HalvesKernels.dots ? windowKeys : (columns + 3) / 4
    let host = capabilities.backend == .cpu
    let vector = PartKernels.vector(columns, capabilities)
    if let limit = capabilities.maxLoopIterations {
      let loops = try loops(axes, windowKeys, problem.group, vector: vector.value == 1, limit)
      try Plan.checkLoops("\(plan.operation), \(kernel)", loops, capabilities)
    }
    func tensor(_ operand: Operand, _ dtype: DType) -> BatchSplit.Tensor {
      .init(name: operand.name, elements: operand.elements, dtype: dtype)
    }
    let split = try BatchSplit(
      problem.batch,
      (inputs + [output]).map { tensor($0, problem.dtype) }
        + (mask.map { [tensor($0, .bool)] } ?? []),
      invocations: rows * perRow, plan.operation, capabilities)
    if let bias {
      try Plan.checkBindings(plan.operation, [("bias", bias.elements, .f32)], capabilities)
    }
    let index = plan.kernel(
      KernelSpec(kernel, [.init("W_DTYPE", problem.dtype.kernelCode), vector]))
    var constants = constants(problem, axes, windowKeys)
    for range in split.ranges {
      let count = rows * range.count
      constants.count = Int32(host ? count : count * perRow)
      func argument(_ operand: Operand?, _ size: Int) -> Plan.Argument {
        guard let operand, operand.elements > 0 else { return .init(.none, byteCount: 0) }
        let bytes = operand.elements * size
        return .init(
          .operand(operand.index), offset: bytes * range.lowerBound, byteCount: bytes * range.count)
      }
      var arguments = inputs.map { argument($0, problem.dtype.byteCount) }
      arguments.append(argument(mask, 1))
      if kernel == HalvesKernels.dots {
        arguments.append(
          bias.map { .init(.operand($0.index), byteCount: 4 * $0.elements) }
            ?? .init(.none, byteCount: 0))
      }
      arguments.append(argument(output, problem.dtype.byteCount))
      plan.dispatches.append(
        .init(
          kernel: index,
          grid: host
            ? .host(count, work: 2 * windowKeys * max(columns, 1), capabilities)
            : try .linear(count * perRow, plan.operation, capabilities),
          constants: withUnsafeBytes(of: constants) { Array($0) }, arguments: arguments))
    }
    if split.ranges.count > 1 {
      plan.notes.append("batch in \(split.ranges.count) parts, for the device's binding range")
    }
  }

  /// Loop iterations of one invocation.
  private func loops(
    _ axes: HalvesAxes, _ windowKeys: Int, _ group: Int, vector: Bool, _ limit: Int
  ) throws(TesseraError) -> Int {
    // Loops over axes, and two bisections along each.
    let outside = 9 + 6 * 33
    switch kernel {
    case HalvesKernels.dots: return outside + (vector ? columns / 4 : columns)
    case HalvesKernels.gatherRows:
      return outside + axes.axes[0].window * (1 + axes.axes[1].window) + windowKeys
    default:
      // Each of the nested loops counts; no product here is larger than four times the last.
      var iterations = 1
      for axis in axes.axes {
        iterations = min(iterations * (1 + HalvesAxes.mostQueries(axis)), 4 * limit)
      }
      return outside + iterations * (1 + group)
    }
  }

  private func constants(
    _ problem: NeighborhoodProblem, _ axes: HalvesAxes, _ windowKeys: Int
  ) -> tessera_halves_constants {
    var c = tessera_halves_constants()
    c.keys = axes.triple(\.keys)
    c.queries = axes.triple(\.queries)
    c.window = axes.triple(\.window)
    c.stride = axes.triple(\.stride)
    c.dilation = axes.triple(\.dilation)
    c.spacing = axes.triple(\.spacing)
    c.inverse = axes.triple(\.inverse)
    c.kinds = axes.kinds
    c.heads = Int32(problem.heads)
    c.group = Int32(problem.group)
    c.columns = Int32(columns)
    c.window_keys = Int32(windowKeys)
    c.factor = factor
    c.flags =
      (mask == nil ? 0 : Self.flagMask) | (bias == nil ? 0 : Self.flagBias)
      | (scores ? Self.flagScores : 0)
    return c
  }
}
