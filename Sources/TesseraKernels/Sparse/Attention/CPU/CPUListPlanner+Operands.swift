import CTesseraSIMD
import TesseraCore

extension CPUListPlanner {
  /// Where the tensors of attention over block lists are.
  static func operands(_ problem: BlockListProblem) -> [CPUListPass.Role: Plan.Argument] {
    let attention = problem.attention
    let (input, output) = (attention.dtype, attention.outputDType)
    let lengths = attention.packed ? [attention.batch + 1] : [0]
    let forms: [(CPUListPass.Role, Plan.BlockListOperand, [Int], DType)] = [
      (.q, .q, attention.queryDimensions, input), (.k, .k, attention.keyDimensions, input),
      (.v, .v, attention.valueDimensions, input),
      (.indices, .indices, problem.indexDimensions, .i32),
      (.counts, .counts, problem.counts ? problem.countDimensions : [0], .i32),
      (.sinks, .sinks, problem.sinks ? [attention.heads] : [0], .f32),
      (.cuQ, .cuQ, lengths, .i32), (.cuK, .cuK, lengths, .i32),
      (.o, .o, attention.outputDimensions, output), (.lse, .lse, attention.lseDimensions, .f32),
      (.dO, .dO, attention.outputDimensions, output),
      (.dQ, .dQ, attention.queryDimensions, input), (.dK, .dK, attention.keyDimensions, input),
      (.dV, .dV, attention.valueDimensions, input),
      (.dSinks, .dSinks, problem.sinks ? [attention.heads] : [0], .f32),
    ]
    var result: [CPUListPass.Role: Plan.Argument] = [:]
    for (role, operand, dimensions, dtype) in forms {
      result[role] = .init(
        .operand(operand.rawValue), byteCount: dimensions.reduce(dtype.byteCount, *))
    }
    return result
  }

  /// Where the tensors of attention over a paged cache are.
  static func operands(_ problem: PagedProblem) -> [CPUListPass.Role: Plan.Argument] {
    let listed = problem.listHeads != nil
    let forms: [(CPUListPass.Role, Plan.PagedOperand, [Int], DType)] = [
      (.q, .q, problem.queryDimensions, problem.dtype),
      (.k, .k, problem.keyDimensions, problem.keys.dtype),
      (.v, .v, problem.valueDimensions, problem.values.dtype),
      (.keyParameters, .keyParameters, problem.keyParameterDimensions, problem.keys.parameterDType),
      (
        .valueParameters, .valueParameters, problem.valueParameterDimensions,
        problem.values.parameterDType
      ),
      (.blockTable, .blockTable, problem.tableDimensions, .i32),
      (.lengths, .lengths, [problem.batch], .i32),
      (.indices, .indices, listed ? problem.indexDimensions : [0], .i32),
      (.counts, .counts, problem.counts ? problem.countDimensions : [0], .i32),
      (.sinks, .sinks, problem.sinks ? [problem.heads] : [0], .f32),
      (.o, .o, problem.outputDimensions, problem.outputDType),
      (.lse, .lse, problem.lseDimensions, .f32),
    ]
    var result: [CPUListPass.Role: Plan.Argument] = [:]
    for (role, operand, dimensions, dtype) in forms {
      result[role] = .init(
        .operand(operand.rawValue), byteCount: dimensions.reduce(dtype.byteCount, *))
    }
    return result
  }

  /// Completes what a plan says of itself. What lists name is on the device: every entry is counted as
  /// one block, none twice.
  static func finish(
    _ plan: inout Plan, _ problem: BlockListProblem, _ tiling: CPUListTiling, backward: Bool
  ) {
    let attention = problem.attention
    let (d, dv) = (Double(attention.headDim), Double(attention.valueDim))
    let keys = min(
      Double(problem.listWidth) * Double(problem.keyBlock), Double(attention.keyLength))
    let window = Double(problem.addedLeft ?? -1) + Double(problem.addedRight ?? 0) + 1
    let pairs =
      Double(attention.queryTokens) * Double(attention.heads)
      * min(keys + window, Double(attention.keyLength))
    plan.flopsNeeded = pairs * 2 * (backward ? 3 * d + 2 * dv : d + dv)
    plan.flopsDone = backward ? pairs * 2 * (4 * d + 3 * dv) : plan.flopsNeeded
    plan.bytes = operands(problem).reduce(0) { sum, operand in
      let isGradient = [.dO, .dQ, .dK, .dV, .dSinks].contains(operand.key)
      return isGradient && !backward ? sum : sum + Double(operand.value.byteCount)
    }
    let units = Int(tiling.constants.units)
    plan.notes.append(
      units > 1
        ? "a tile is \(units) rows of a list, over the union of what they name or one by one"
        : "a tile is \(tiling.constants.parts > 1 ? "a part of " : "")one row of a list")
    plan.notes.append("operations as if every entry named a block of its own, whole and visible")
  }
}
