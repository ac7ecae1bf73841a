import CTesseraIndex

/// One token axis of a `BoxProblem`.
package struct BoxAxis: Sendable, Hashable {
  /// The kinds of `attention_axis.h`.
  package enum Kind: Int32, Sendable, Hashable {
    case sliding, causal, ring, band
  }

  package var kind: Kind
  /// Keys along the axis.
  package var keys: Int
  /// Queries along the axis; unless it is a band, equal to `keys`, a multiple or a divisor.
  package var queries: Int
  /// Keys per query; on a band the keys before the centre.
  package var window: Int
  /// Queries that share a window; on a band the keys after the centre.
  package var stride: Int
  package var dilation: Int

  package init(
    kind: Kind, keys: Int, queries: Int, window: Int = 1 << 30, stride: Int = 1 << 30,
    dilation: Int = 1
  ) {
    self.kind = kind
    self.keys = keys
    self.queries = queries
    self.window = window
    self.stride = stride
    self.dilation = dilation
  }

  /// An axis of one token.
  package static let single = BoxAxis(kind: .sliding, keys: 1, queries: 1, window: 1, stride: 1)

  /// One dilation group, in the terms of `attention_axis.h`.
  package struct Group: Sendable, Hashable {
    /// Keys.
    var n: Int
    /// Queries.
    var m: Int
    /// Queries per key; if 1, query `u` is centred on `first + step·u`.
    var up = 1
    var first = 0
    var step = 1
  }

  /// The distinct dilation groups and how many there are of each.
  package func groups(topLeft: Bool) -> [(group: Group, count: Int)] {
    if kind == .band {
      return [(Group(n: keys, m: queries, first: topLeft ? 0 : keys - queries), 1)]
    }
    var counts: [Group: Int] = [:]
    var order: [Group] = []
    func add(_ group: Group, _ count: Int) {
      if counts[group] == nil { order.append(group) }
      counts[group, default: 0] += count
    }
    let (shorter, rest) = (keys / dilation, keys % dilation)
    if queries >= keys {
      let up = keys == 0 ? 1 : queries / keys
      if rest > 0 { add(Group(n: shorter + 1, m: (shorter + 1) * up, up: up), rest) }
      if dilation > rest { add(Group(n: shorter, m: shorter * up, up: up), dilation - rest) }
    } else {
      // Queries i with i·r + middle in the group: every `pace`-th, if any.
      let r = keys / queries
      let middle = kind == .causal ? r - 1 : r / 2
      let common = Self.commonDivisor(r, dilation)
      let pace = dilation / common
      for g in 0..<dilation {
        let n = (keys - g + dilation - 1) / dilation
        let start = (0..<pace).first { ($0 * r + middle) % dilation == g }
        if let start, start < queries {
          add(
            Group(
              n: n, m: (queries - start + pace - 1) / pace,
              first: (start * r + middle - g) / dilation, step: r / common), 1)
        } else {
          add(Group(n: n, m: 0), 1)
        }
      }
    }
    return order.map { ($0, counts[$0] ?? 0) }
  }

  /// Rows of the longest dilation group: its queries, or its keys.
  package func longest(rowsAreKeys: Bool) -> Int {
    groups(topLeft: false).map { rowsAreKeys ? $0.group.n : $0.group.m }.max() ?? 0
  }

  /// The columns that row `x` of a group meets: keys of a query, or queries of a key.
  package func columns(of x: Int, in group: Group, rowsAreKeys: Bool) -> Range<Int> {
    let (x, n, m) = (Int32(x), Int32(group.n), Int32(group.m))
    let (up, first, step) = (Int32(group.up), Int32(group.first), Int32(group.step))
    let (window, stride) = (Int32(window), Int32(stride))
    if rowsAreKeys {
      let begin = axis_query_begin(kind.rawValue, x, n, m, up, first, step, window, stride)
      let end = axis_query_end(kind.rawValue, x, begin, n, m, up, first, step, window, stride)
      return Int(begin)..<Int(max(begin, end))
    }
    let center = axis_center(x, up, first, step)
    let begin = axis_begin(kind.rawValue, center, n, window, stride)
    return Int(begin)..<Int(max(begin, axis_end(kind.rawValue, center, begin, n, window, stride)))
  }

  /// Pairs of a query and a key that meet along the axis.
  package func pairs(topLeft: Bool) -> Double {
    if kind == .sliding || kind == .ring { return Double(queries) * Double(window) }
    return groups(topLeft: topLeft).reduce(0.0) { sum, entry in
      sum + Double(entry.count) * (0..<entry.group.m).reduce(0.0) {
        $0 + Double(columns(of: $1, in: entry.group, rowsAreKeys: false).count)
      }
    }
  }

  /// What tiles of `side` rows meet along the axis when each streams the bounding interval of its
  /// columns in tiles of `columnSide`.
  package struct Tiles: Sendable, Hashable {
    /// Row tiles of all dilation groups.
    package var tiles = 0
    /// Column tiles of all dilation groups.
    package var columnTiles = 0
    /// Pairs of a row tile and a column tile it streams.
    package var visited = 0
    /// Those of them where every row meets every column and no place is empty.
    package var full = 0
    /// The longest bounding interval.
    package var extent = 0
    /// The most column tiles of one row tile.
    package var most = 0
  }

  /// Counts the tiles along the axis.
  package func tiles(
    side: Int, columnSide: Int, rowsAreKeys: Bool, topLeft: Bool
  ) -> Tiles {
    var result = Tiles()
    for (group, count) in groups(topLeft: topLeft) {
      let (rows, columns) = rowsAreKeys ? (group.n, group.m) : (group.m, group.n)
      result.columnTiles += count * ((columns + columnSide - 1) / columnSide)
      for first in Swift.stride(from: 0, to: rows, by: side) {
        let last = min(first + side, rows) - 1
        let early = self.columns(of: first, in: group, rowsAreKeys: rowsAreKeys)
        let late = self.columns(of: last, in: group, rowsAreKeys: rowsAreKeys)
        let extent = max(late.upperBound - early.lowerBound, 0)
        let visited = (extent + columnSide - 1) / columnSide
        // Intervals move forward only, so the first and the last row bound them all.
        var full = 0
        if side == last - first + 1, early.upperBound > late.lowerBound {
          let begin = (late.lowerBound - early.lowerBound + columnSide - 1) / columnSide
          full = max(0, (early.upperBound - early.lowerBound) / columnSide - begin)
        }
        result.tiles += count
        result.visited += count * visited
        result.full += count * full
        result.extent = max(result.extent, extent)
        result.most = max(result.most, visited)
      }
    }
    return result
  }

  private static func commonDivisor(_ a: Int, _ b: Int) -> Int {
    var (x, y) = (a, b)
    while y != 0 { (x, y) = (y, x % y) }
    return x
  }
}
