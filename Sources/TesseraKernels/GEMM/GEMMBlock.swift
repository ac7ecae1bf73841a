import TesseraCore
import TesseraHAL

/// The part of a problem that one dispatch computes.
struct GEMMBlock {
  /// First index and extent along each collapsed batch axis.
  var batchStart: [Int]
  var batches: [Int]
  var row: Int
  var rows: Int
  var column: Int
  var columns: Int
  var product: Int
  var products: Int
  /// 1: the sums continue from scratch; 2: they go there instead of to D.
  var flags: Int
}

extension Plan {
  /// Appends the dispatch of `block`.
  mutating func append(_ block: GEMMBlock, _ builder: GEMMPlanBuilder) {
    let (problem, form) = (builder.problem, builder.form)
    let batchCount = block.batches.reduce(1, *)
    let grid = GridSize(
      (block.columns + form.tileN - 1) / form.tileN, (block.rows + form.tileM - 1) / form.tileM,
      batchCount)
    var ranges: [BoundRange] = []
    if block.products > 0 {
      ranges.append(
        builder.range(
          problem.a, 0, block, problem.transposeA ? (block.product, block.products) : (block.row, block.rows),
          problem.transposeA ? (block.row, block.rows) : (block.product, block.products)))
      ranges.append(
        builder.range(
          problem.b, 1, block,
          problem.transposeB ? (block.column, block.columns) : (block.product, block.products),
          problem.transposeB ? (block.product, block.products) : (block.column, block.columns)))
    } else {
      ranges += [.none, .none]
    }
    let output = ((block.row, block.rows), (block.column, block.columns))
    ranges.append(problem.c.map { builder.range($0, 2, block, output.0, output.1) } ?? .none)
    ranges.append(problem.bias.map { builder.range($0, block) } ?? .none)
    ranges.append(builder.range(problem.d, 4, block, output.0, output.1))

    var arguments = ranges.map(\.argument)
    if !scratch.isEmpty {
      arguments.append(.init(.scratch(0), byteCount: 4 * block.rows * block.columns * batchCount))
    }
    dispatches.append(
      Dispatch(
        kernel: 0, grid: grid, constants: builder.constants(block, ranges.map(\.begin)),
        arguments: arguments))
    flopsDone +=
      2 * Double(grid.count) * Double(form.tileM * form.tileN)
      * Double((block.products + form.tileK - 1) / form.tileK * form.tileK)
    count(block, batchCount, form)
  }

  private mutating func count(_ block: GEMMBlock, _ batchCount: Int, _ form: GEMMForm) {
    guard block.flags & 2 == 0 else { return }
    let full = (block.rows / form.tileM) * (block.columns / form.tileN) * batchCount
    let all =
      ((block.rows + form.tileM - 1) / form.tileM)
      * ((block.columns + form.tileN - 1) / form.tileN) * batchCount
    var total = tiles ?? TileCounts(full: 0, partial: 0, skipped: 0)
    total.full += full
    total.partial += all - full
    tiles = total
  }
}

/// An operand's range as it is bound, and where in it, in elements, the block starts.
struct BoundRange {
  var argument: Plan.Argument
  var begin: Int

  static let none = BoundRange(argument: .init(.none, byteCount: 4), begin: 0)
}

extension GEMMPlanBuilder {
  /// The range of a matrix operand that a block touches. `position` is its place among the operands
  /// a, b, c, bias, d; `outer` and `inner` are first index and extent across and along its rows.
  func range(
    _ operand: GEMMProblem.Operand, _ position: Int, _ block: GEMMBlock, _ outer: (Int, Int),
    _ inner: (Int, Int)
  ) -> BoundRange {
    let strides = partition.axes.map { $0.strides[position == 4 ? 3 : position] }
    var first = outer.0 * operand.rowStride + inner.0
    var count = (outer.1 - 1) * operand.rowStride + inner.1
    for (axis, stride) in strides.enumerated() {
      first += block.batchStart[axis] * stride
      count += (block.batches[axis] - 1) * stride
    }
    return aligned(.operand(position), first, count, operand.dtype)
  }

  /// The range of the bias.
  func range(_ bias: GEMMProblem.Bias, _ block: GEMMBlock) -> BoundRange {
    let part = bias.axis == .row ? (block.column, block.columns) : (block.row, block.rows)
    return aligned(.operand(3), part.0, part.1, bias.dtype)
  }

  /// Moves a range's start down to the device's alignment.
  private func aligned(
    _ source: Plan.Source, _ first: Int, _ count: Int, _ dtype: DType
  ) -> BoundRange {
    let alignment = max(16, capabilities.bindingAlignment)
    let start = first * dtype.byteCount
    let offset = start / alignment * alignment
    return BoundRange(
      argument: .init(source, offset: offset, byteCount: start - offset + count * dtype.byteCount),
      begin: (start - offset) / dtype.byteCount)
  }

  /// The constants block; the order is that of `gemm_common.h`.
  func constants(_ block: GEMMBlock, _ begins: [Int]) -> [UInt8] {
    var constants = ConstantBlock()
    for value in [
      block.rows, block.columns, block.products, problem.a.rowStride, problem.b.rowStride,
      problem.c?.rowStride ?? 0, problem.d.rowStride,
    ] {
      constants.append(value)
    }
    constants.append(problem.alpha)
    constants.append(problem.beta)
    constants.append(block.flags)
    // The innermost three axes; further out a dispatch takes one index of each.
    let empty = GEMMBatchAxis(extent: 1, strides: [0, 0, 0, 0])
    let padding = Array(repeating: empty, count: max(0, 3 - partition.axes.count))
    let axes = padding + partition.axes.suffix(3)
    let extents = padding.map(\.extent) + block.batches.suffix(3)
    constants.append(extents[1])
    constants.append(extents[2])
    for operand in 0..<4 {
      for axis in 0..<3 { constants.append(extents[axis] == 1 ? 0 : axes[axis].strides[operand]) }
    }
    for position in [0, 1, 2, 4, 3] { constants.append(begins[position]) }
    return constants.bytes
  }
}
