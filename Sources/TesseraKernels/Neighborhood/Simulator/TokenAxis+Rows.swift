extension TokenAxis {
  /// Rows of the longest dilation group: its queries, or its keys.
  package func longest(rowsAreKeys: Bool) -> Int {
    groups.map { rowsAreKeys ? $0.group.keys : $0.group.queries }.max() ?? 0
  }

  /// Columns that a tile of `rows` rows in the middle of the axis streams.
  func estimatedExtent(rows: Int, rowsAreKeys: Bool) -> Int {
    guard let longest = groups.map(\.group).max(by: { $0.keys < $1.keys }) else { return 0 }
    let count = rowsAreKeys ? longest.keys : longest.queries
    guard count > 0, rows > 0 else { return 0 }
    // A few places, since rows at the ends of an axis meet fewer or are aligned otherwise.
    let places = [0, (count - rows) / 3, (count - rows) / 2, count - rows].map { max($0, 0) }
    let extents = places.map { place in
      let last = min(place + rows, count) - 1
      return longest.columns(of: last, rowsAreKeys: rowsAreKeys).upperBound
        - longest.columns(of: place, rowsAreKeys: rowsAreKeys).lowerBound
    }
    return max(extents.reduce(0, +) / places.count, 0)
  }
}
