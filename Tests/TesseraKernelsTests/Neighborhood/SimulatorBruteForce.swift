import TesseraCore
import TesseraKernels

/// Counts tiles by looking at every place of every tile, from the operator's definition in words alone.
struct SimulatorBruteForce {
  /// Row `r` of a dilation group attends these columns; on a ring columns continue past both ends.
  typealias Rows = [Set<Int>]

  /// One dilation group along one axis.
  struct Line {
    var keys: Int
    /// By query of the group: its keys.
    var forward: Rows
    /// By key of the group: its queries.
    var inverse: Rows
  }

  struct Counts: Equatable {
    var full = 0
    var visited = 0
    /// Row tiles times the column tiles of all groups.
    var all = 0
    /// Pairs met in the visited tiles.
    var pairs = 0
    var rowTiles = 0
    var wholeRowTiles = 0
  }

  /// Per axis, its dilation groups.
  var axes: [[Line]]

  init(_ problem: NeighborhoodProblem) {
    axes = problem.axes.indices.map { axis in
      (0..<problem.axes[axis].dilation).map { Self.line(problem, axis, group: $0) }
    }
  }

  init(_ problem: AttentionProblem) {
    let (queries, keys) = (problem.queryLength, problem.keyLength)
    func sees(_ i: Int, _ j: Int) -> Bool { problem.visible(i, j, queries: queries, keys: keys) }
    axes = [
      [
        Line(
          keys: keys,
          forward: (0..<queries).map { i in Set((0..<keys).filter { sees(i, $0) }) },
          inverse: (0..<keys).map { j in Set((0..<queries).filter { sees($0, j) }) })
      ]
    ]
  }

  private static func line(_ problem: NeighborhoodProblem, _ index: Int, group: Int) -> Line {
    let axis = problem.axes[index]
    let (k, s, d) = (axis.window, axis.stride, axis.dilation)
    let n = (axis.length - group + d - 1) / d
    let isRing = problem.circular[index]
    let queries = (0..<problem.queryLengths[index]).filter {
      problem.center(of: $0, axis: index) % d == group
    }
    let forward = queries.map { i -> Set<Int> in
      let q = problem.center(of: i, axis: index) / d
      if axis.causal {
        let lead = min(q / s * s + s - 1, n - 1)
        return Set(max(lead - k + 1, 0)..<(q + 1))
      }
      let lead = min(q / s * s + s / 2, n - 1)
      let begin = isRing ? lead - k / 2 : min(max(lead - k / 2, 0), n - k)
      return Set(begin..<(begin + k))
    }
    let turns = isRing ? -2...2 : 0...0
    let inverse = (0..<n).map { j -> Set<Int> in
      var attending: Set<Int> = []
      for turn in turns {
        for (u, keys) in forward.enumerated() where keys.contains(j - turn * n) {
          attending.insert(u + turn * forward.count)
        }
      }
      return attending
    }
    return Line(keys: n, forward: forward, inverse: inverse)
  }

  /// All dilation groups, each with its lines.
  var groups: [[Line]] {
    axes.reduce([[]]) { groups, lines in groups.flatMap { group in lines.map { group + [$0] } } }
  }

  func count(_ queryTile: [Int], _ keyTile: [Int]) -> Counts {
    count(queryTile, keyTile, rows: \.forward) { $0.keys }
  }
  func countInverse(_ queryTile: [Int], _ keyTile: [Int]) -> Counts {
    count(keyTile, queryTile, rows: \.inverse) { $0.forward.count }
  }

  private func count(
    _ rowTile: [Int], _ columnTile: [Int], rows: KeyPath<Line, Rows>, columns: (Line) -> Int
  ) -> Counts {
    let groups = groups
    let columnTiles = groups.reduce(0) { sum, group in
      sum + zip(group, columnTile).reduce(1) { $0 * ((columns($1.0) + $1.1 - 1) / $1.1) }
    }
    var counts = Counts()
    for group in groups {
      let lines = group.map { $0[keyPath: rows] }
      for corner in Self.corners(lines.map { 0..<$0.count }, rowTile) {
        counts.rowTiles += 1
        counts.all += columnTiles
        // The rows of the tile along each axis; nil where it reaches past the group.
        let places = corner.indices.map { axis in
          (corner[axis]..<(corner[axis] + rowTile[axis])).map { row in
            row < lines[axis].count ? lines[axis][row] : nil
          }
        }
        if places.allSatisfy({ $0.allSatisfy { $0 != nil } }) { counts.wholeRowTiles += 1 }
        Self.stream(places, columnTile, &counts)
      }
    }
    return counts
  }

  /// Visits the column boxes of one row box.
  private static func stream(
    _ places: [[Set<Int>?]], _ columnTile: [Int], _ counts: inout Counts
  ) {
    let bounds = places.map { rows -> Range<Int> in
      let all = rows.reduce(into: Set<Int>()) { $0.formUnion($1 ?? []) }
      guard let first = all.min(), let last = all.max() else { return 0..<0 }
      return first..<(last + 1)
    }
    for corner in corners(bounds, columnTile) {
      counts.visited += 1
      var isFull = true
      for row in all(places.map { 0..<$0.count }) {
        for offset in all(columnTile.map { 0..<$0 }) {
          let attends = row.indices.allSatisfy { axis in
            let column = corner[axis] + offset[axis]
            return places[axis][row[axis]].map { $0.contains(column) } ?? false
          }
          if attends { counts.pairs += 1 } else { isFull = false }
        }
      }
      if isFull { counts.full += 1 }
    }
  }

  private static func corners(_ ranges: [Range<Int>], _ tile: [Int]) -> [[Int]] {
    zip(ranges, tile).reduce([[]]) { corners, axis in
      corners.flatMap { corner in
        stride(from: axis.0.lowerBound, to: axis.0.upperBound, by: axis.1).map { corner + [$0] }
      }
    }
  }

  private static func all(_ ranges: [Range<Int>]) -> [[Int]] {
    corners(ranges, ranges.map { _ in 1 })
  }
}
