import CTesseraSIMD
import TesseraCore
import TesseraHAL

/// How one pass over a box is cut into workgroups on the CPU back-end.
struct CPUAttentionTiling: Sendable {
  /// Rows and columns of a register block in `attention_tile.h`.
  static let (blockRows, lanes) = (4, 8)

  let pass: CPUAttentionPass
  /// Rows of a register block along each axis.
  private(set) var block = [1, 1, blockRows]
  /// Rows along each axis of a dilation group.
  private(set) var tile: [Int]
  /// Tiles of the longest dilation group along each axis.
  private(set) var tiles: [Int]
  /// Columns gathered at a time.
  private(set) var chunk: Int
  /// Query heads of one KV head computed together.
  private(set) var together = 1
  /// Of the gradients of additional keys: parts that the queries are cut into, and queries of a
  /// part.
  private(set) var parts = 1
  private(set) var part = 0
  /// All workgroups.
  private(set) var workgroups: Int

  /// - Throws: `overLimit` if there are more workgroups than a dispatch may have.
  init(
    _ pass: CPUAttentionPass, _ problem: BoxProblem, _ capabilities: Capabilities
  ) throws(TesseraError) {
    self.pass = pass
    let units = max(capabilities.computeUnits, 1)
    let floats = max(pass.floatsPerRow(headDim: problem.headDim, valueDim: problem.valueDim), 1)
    // Rows stay in the second-level cache while chunks pass by; a chunk's vectors, in multiples of
    // a register block's, stay there with them.
    let mostRows = max(16, min(256, 65_536 / floats))
    let widest = max(problem.headDim, problem.valueDim, 1)
    let wanted = max(48, min(504, 10_240 / widest / 24 * 24))
    let heads = pass.rowsAreKeys ? problem.kvHeads : problem.heads
    let repeats = max(problem.batch * heads, 1)
    var factors = [problem.batch, problem.kvHeads]
    if pass == .extraGradient {
      let side = Self.blockRows * max(1, min(mostRows, problem.extraKeys) / Self.blockRows)
      tile = [1, 1, side]
      tiles = [1, 1, (problem.extraKeys + side - 1) / side]
      chunk = wanted
      // Few additional keys are few rows: the queries are shared out instead.
      let rows = max(1, factors.reduce(tiles[2], *))
      let queries = problem.queryTokens
      let wantedParts = min((4 * units + rows - 1) / rows, (queries + 255) / 256)
      if wantedParts > 1 { parts = wantedParts }
      part = (queries + parts - 1) / parts
      factors += [tiles[2], parts]
    } else {
      let rowsAreKeys = pass.rowsAreKeys
      let longest = problem.axes.map { $0.longest(rowsAreKeys: rowsAreKeys) }
      block = Self.block(problem, longest, rowsAreKeys: rowsAreKeys)
      let rows = (rowsAreKeys ? problem.keyTokens : problem.queryTokens)
      // Enough workgroups that none waits long for the last.
      let shared = Double(rows) * Double(repeats) / Double(8 * units)
      let most = max(Self.blockRows, Int(min(Double(mostRows), shared)))
      tile = Self.tile(
        problem, longest, block: block, most: most, rowsAreKeys: rowsAreKeys)
      tiles = zip(longest, tile).map { ($0 + $1 - 1) / $1 }
      let extents = zip(problem.axes, tile).map {
        max(1, $0.estimatedExtent(rows: $1, rowsAreKeys: rowsAreKeys))
      }
      // Whole lines of the columns' box, or parts of one.
      let (line, lines) = (extents[2], extents[0] * extents[1])
      chunk = line < wanted ? min(wanted / line, lines) * line : wanted
      if !rowsAreKeys {
        chunk = max(chunk, min(problem.extraKeys, wanted))
        let side = tile.reduce(1, *)
        let parallel = problem.batch * problem.kvHeads * problem.groups * tiles.reduce(1, *)
        let spread = max(1, problem.group * parallel / (4 * units))
        together = max(1, min(problem.group, mostRows / side, spread))
        factors.append((problem.group + together - 1) / together)
      }
      factors += [problem.groups] + tiles
    }
    var product = 1
    for factor in factors {
      let (next, overflow) = product.multipliedReportingOverflow(by: factor)
      guard !overflow, next <= capabilities.maxGroupCount[0] else {
        throw .overLimit(
          "workgroups of attention", requested: factors.map(String.init).joined(separator: "·"),
          limit: capabilities.maxGroupCount[0], device: capabilities.name)
      }
      product = next
    }
    workgroups = product
  }

  /// The shape of a register block: that whose columns fill the fewest vectors. Small windows of
  /// two or three axes overlap more in a square than in a line.
  private static func block(
    _ problem: BoxProblem, _ longest: [Int], rowsAreKeys: Bool
  ) -> [Int] {
    func cost(_ block: [Int]) -> Int {
      // In the middle of the axes, where windows are not moved inside.
      let extents = (0..<3).map { a -> Int in
        let groups = problem.axes[a].groups.map(\.group)
        guard let group = groups.max(by: { $0.keys < $1.keys }) else { return 0 }
        let rows = rowsAreKeys ? group.keys : group.queries
        let first = max(0, (rows - block[a]) / 2), last = min(first + block[a], rows) - 1
        guard last >= first else { return 0 }
        return max(
          0,
          group.columns(of: last, rowsAreKeys: rowsAreKeys).upperBound
            - group.columns(of: first, rowsAreKeys: rowsAreKeys).lowerBound)
      }
      let lines = extents[0] * extents[1]
      // Scores take whole vectors, sums only the lanes in use.
      return lines * ((extents[2] + lanes - 1) / lanes * lanes + extents[2])
    }
    let line = [1, 1, blockRows]
    let others = [[1, 2, 2], [2, 1, 2], [2, 2, 1], [1, 4, 1], [4, 1, 1]].filter {
      zip($0, longest).allSatisfy(<=)
    }
    guard let best = others.min(by: { cost($0) < cost($1) }) else { return line }
    return 8 * cost(best) < 7 * cost(line) || longest[2] < blockRows ? best : line
  }

  /// The box of at most `most` rows whose box of columns is smallest per row: what is gathered is
  /// what it costs more than the arithmetic itself.
  private static func tile(
    _ problem: BoxProblem, _ longest: [Int], block: [Int], most: Int, rowsAreKeys: Bool
  ) -> [Int] {
    let sides = [1, 2, 4, 8, 16, 32, 64, 128, 256]
    // Of each side along each axis: columns gathered per row of the axis.
    let costs = (0..<3).map { a -> [(side: Int, cost: Double)] in
      let smallest = block[a]
      let n = max(longest[a], 1)
      return sides.filter { $0 >= smallest && $0 <= most && ($0 < 2 * n || $0 == smallest) }.map {
        let extent = problem.axes[a].estimatedExtent(
          rows: $0, rowsAreKeys: rowsAreKeys)
        return ($0, Double((n + $0 - 1) / $0 * max(extent, 1)) / Double(n))
      }
    }
    var best: (tile: [Int], cost: Double) = (block, .infinity)
    for first in costs[0] {
      for second in costs[1] where first.side * second.side * block[2] <= most {
        for third in costs[2] where first.side * second.side * third.side <= most {
          let cost = first.cost * second.cost * third.cost
          if cost < best.cost { best = ([first.side, second.side, third.side], cost) }
        }
      }
    }
    return best.tile
  }

  /// The constants block of the kernel.
  func constants(_ problem: BoxProblem) -> tessera_attention_constants {
    var c = tessera_attention_constants()
    let axes = (0..<3).map { axis(problem, $0) }
    c.axis = (axes[0], axes[1], axes[2])
    c.batch = Int32(problem.sequences ?? problem.batch)
    c.heads = Int32(problem.heads)
    c.kv_heads = Int32(problem.kvHeads)
    c.head_dim = Int32(problem.headDim)
    c.value_dim = Int32(problem.valueDim)
    c.extra_keys = Int32(problem.extraKeys)
    c.dtype = Int32(problem.dtype.kernelCode)
    c.output_dtype = Int32(problem.outputDType.kernelCode)
    c.packed = problem.sequences == nil ? 0 : 1
    c.bottom_right = problem.topLeft ? 0 : 1
    c.alibi = problem.scoreBias == .alibi ? 1 : 0
    c.bias = problem.scoreBias == .table ? 1 : 0
    c.mask = problem.keyMask ? 1 : 0
    c.chunk = Int32(chunk)
    c.together = Int32(together)
    c.extra_tile = Int32(tile[2])
    c.extra_tiles = Int32(tiles[2])
    c.parts = Int32(parts)
    c.part = Int32(part)
    c.scale = problem.scale
    c.soft_cap = problem.softCap ?? 0
    return c
  }

  private func axis(_ problem: BoxProblem, _ index: Int) -> tessera_attention_axis {
    let axis = problem.axes[index]
    var c = tessera_attention_axis()
    c.kind = axis.kind.rawValue
    c.window = Int32(axis.window)
    c.stride = Int32(axis.stride)
    c.dilation = Int32(axis.dilation)
    c.keys = Int32(axis.keys)
    c.queries = Int32(axis.queries)
    c.tile = Int32(tile[index])
    c.tiles = Int32(tiles[index])
    c.block = Int32(block[index])
    (c.up, c.ratio, c.offset) = (1, 1, 0)
    if axis.kind == .band {
      c.offset = Int32(axis.firstCenter)
      c.up = Int32(axis.coarse?.queriesPerKey ?? 1)
    } else if axis.queries > axis.keys {
      c.up = Int32(axis.queries / max(axis.keys, 1))
    } else if axis.queries > 0, axis.keys > axis.queries {
      let ratio = axis.keys / axis.queries
      c.ratio = Int32(ratio)
      c.offset = Int32(axis.kind == .causal ? ratio - 1 : ratio / 2)
    }
    return c
  }
}
