/// What tiles of rows meet along one axis, when each streams the bounding interval of its windows in
/// tiles of columns, from the interval's first column on.
///
/// In a forward pass, and for the gradient of Q, rows are queries and columns keys; for the gradients of
/// K and V rows are keys and columns queries. Over several axes all but `extent` and `most` multiply:
/// tiles are boxes.
package struct AxisTiles: Sendable, Hashable {
  /// Row tiles of all dilation groups.
  package var tiles = 0
  /// Those of them without an empty place.
  package var whole = 0
  /// Column tiles of all dilation groups, laid from each group's start.
  package var columnTiles = 0
  /// Pairs of a row tile and a column tile it streams.
  package var visited = 0
  /// Those of them where every row attends every column and no place is empty.
  package var full = 0
  /// The longest bounding interval.
  package var extent = 0
  /// The most column tiles of one row tile.
  package var most = 0

  /// Whether no pair that is visited needs a mask.
  package var isBlockSparse: Bool { full == visited }

  /// Adds `count` groups of `rows` rows and `columns` columns. Begin and end of `window` must never fall
  /// as the row grows: then the first and the last row of a tile bound what it streams.
  @inline(__always) mutating func add(
    rows: Int, columns: Int, count: Int, tile: Int, columnTile: Int,
    window: (Int) -> Range<Int>
  ) {
    var (visited, full) = (0, 0)
    for first in stride(from: 0, to: rows, by: tile) {
      let last = min(rows - first, tile) - 1 + first
      let (early, late) = (window(first), window(last))
      let extent = late.upperBound - early.lowerBound
      let streamed = extent / columnTile + (extent % columnTile > 0 ? 1 : 0)
      // Column tiles between the last row's begin and the first row's end serve all rows.
      if tile == last - first + 1, early.upperBound > late.lowerBound {
        let begin = (late.lowerBound - early.lowerBound + columnTile - 1) / columnTile
        full += max(0, (early.upperBound - early.lowerBound) / columnTile - begin)
      }
      visited += streamed
      self.extent = max(self.extent, extent)
      most = max(most, streamed)
    }
    tiles += count * (rows / tile + (rows % tile > 0 ? 1 : 0))
    whole += count * (rows / tile)
    columnTiles += count * (columns / columnTile + (columns % columnTile > 0 ? 1 : 0))
    self.visited += count * visited
    self.full += count * full
  }
}

extension TokenAxis {
  /// Tiles of `tile` queries that stream tiles of `keyTile` keys.
  package func tiles(_ tile: Int, keyTile: Int) -> AxisTiles {
    tiles(side: tile, columnSide: keyTile, rowsAreKeys: false)
  }

  /// Tiles of `keyTile` keys that stream tiles of `tile` queries.
  package func inverseTiles(_ tile: Int, keyTile: Int) -> AxisTiles {
    tiles(side: keyTile, columnSide: tile, rowsAreKeys: true)
  }

  /// Tiles of `side` rows that stream tiles of `columnSide` columns.
  package func tiles(side: Int, columnSide: Int, rowsAreKeys: Bool) -> AxisTiles {
    var result = AxisTiles()
    for (group, count) in groups {
      result.add(
        group, count: count, side: side, columnSide: columnSide, rowsAreKeys: rowsAreKeys)
    }
    return result
  }

  /// Pairs of a query and a key of its window, over all dilation groups.
  package var pairs: Double {
    groups.reduce(0) { $0 + Double($1.count) * Double($1.group.pairs) }
  }
}

extension AxisTiles {
  /// Adds `count` equal dilation groups.
  mutating func add(
    _ group: TokenAxis.Group, count: Int, side: Int, columnSide: Int, rowsAreKeys: Bool = false
  ) {
    // Two loops, each with its own window inlined: advice runs them millions of times.
    if rowsAreKeys {
      add(
        rows: group.keys, columns: group.queries, count: count, tile: side, columnTile: columnSide
      ) { group.queries(of: $0) }
    } else {
      add(
        rows: group.queries, columns: group.keys, count: count, tile: side, columnTile: columnSide
      ) { group.keys(of: $0) }
    }
  }
}
