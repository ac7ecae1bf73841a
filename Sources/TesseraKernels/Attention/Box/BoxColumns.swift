/// Finds the box of columns with which row tiles of a given box visit the fewest tiles.
struct BoxColumns {
  private let axes: [TokenAxis]
  private let count: Int
  private let rowsAreKeys: Bool
  /// Whether boxes of fewer columns than there are places will not do.
  private let exactly: Bool
  private let memory = Memory()

  /// What tiles meet, by axis, row side and column side: each is counted once.
  private final class Memory {
    var visited: [[Int]: Double] = [:]
  }

  init(_ axes: [TokenAxis], _ count: Int, rowsAreKeys: Bool, exactly: Bool = false) {
    self.exactly = exactly
    self.axes = axes
    self.count = count
    self.rowsAreKeys = rowsAreKeys
  }

  /// The box of at most `count` columns, and the pairs of tiles visited in all dilation groups. Boxes of
  /// just `count` columns come first, since only they can do without a mask; of equal ones that with the
  /// longest rows, which are contiguous memory.
  func best(for rowBox: [Int]) -> (box: [Int], visited: Double) {
    let sides = axes.indices.map { candidates($0, rowBox[$0]) }
    var best: (box: [Int], visited: Double, full: Bool) = ([1, 1, count], .infinity, false)
    for c2 in sides[2].reversed() {
      for c1 in sides[1].reversed() where c1 * c2 <= count {
        let fits = { $0 * c1 * c2 <= count && (!exactly || $0 * c1 * c2 == count) }
        guard let c0 = sides[0].last(where: fits) else { continue }
        let box = [c0, c1, c2]
        let visited = box.indices.reduce(1.0) { $0 * pairs($1, rowBox[$1], box[$1]) }
        let full = c0 * c1 * c2 == count
        if visited < best.visited || visited == best.visited && full && !best.full {
          best = (box, visited, full)
        }
      }
    }
    if best.visited == .infinity {
      best.visited = best.box.indices.reduce(1.0) { $0 * pairs($1, rowBox[$1], best.box[$1]) }
    }
    return (best.box, best.visited)
  }

  /// Sides worth trying along an axis: divisors of the count, and what cuts the columns of a row tile
  /// into equal parts.
  private func candidates(_ axis: Int, _ side: Int) -> [Int] {
    let rows = min(side, axes[axis].longest(rowsAreKeys: rowsAreKeys))
    let extent = max(1, axes[axis].estimatedExtent(rows: rows, rowsAreKeys: rowsAreKeys))
    var result = Set((1...count).filter { count % $0 == 0 && $0 < 2 * extent })
    for parts in 1...max(1, min(8, extent)) {
      let part = (extent + parts - 1) / parts
      if part <= count { result.insert(part) }
    }
    return result.sorted()
  }

  private func pairs(_ axis: Int, _ side: Int, _ columnSide: Int) -> Double {
    let key = [axis, side, columnSide]
    if let known = memory.visited[key] { return known }
    let tiles = axes[axis].tiles(side: side, columnSide: columnSide, rowsAreKeys: rowsAreKeys)
    let value = Double(tiles.visited)
    memory.visited[key] = value
    return value
  }
}
