import CTesseraIndex
package import TesseraCore
import TesseraHAL

/// The token axes of a neighborhood problem as the kernels see them: always three, and what tiles of
/// given extents meet along them.
///
/// Axes of length 1 say nothing (their window is 1) and are dropped; missing ones lead.
package struct NeighborhoodGeometry: Sendable {
  package typealias Axis = NeighborhoodProblem.Axis

  /// Exactly three axes, none of length 0.
  package let axes: [Axis]

  /// - Throws: `overLimit` if an axis or the number of tokens does not fit in 31 bits.
  package init(_ problem: NeighborhoodProblem) throws(TesseraError) {
    let real = problem.axes.filter { $0.length != 1 }
    axes = Array(repeating: Axis(length: 1, window: 1), count: 3 - real.count) + real
    guard problem.tokens < Int(Int32.max) else {
      throw .overLimit("tokens", requested: problem.tokens, limit: Int32.max)
    }
  }

  /// Tokens of one batch entry.
  package var tokens: Int { axes.reduce(1) { $0 * $1.length } }
  /// Dilation groups: independent problems on interleaved tokens.
  package var groups: Int { axes.reduce(1) { $0 * $1.dilation } }

  /// Positions of the longest dilation group along each axis.
  package var longest: [Int] { axes.map { ($0.length + $0.dilation - 1) / $0.dilation } }

  /// Sum over all queries of the keys in their windows, exactly.
  package var pairs: Double {
    axes.reduce(1.0) { product, axis in
      guard axis.causal else { return product * Double(axis.length) * Double(axis.window) }
      var sum = 0.0
      Self.forEachGroup(of: axis) { n, count in
        sum += Double(count) * (0..<n).reduce(0.0) { $0 + Double(Self.window(axis, n, $1).count) }
      }
      return product * sum
    }
  }

  /// The keys of query `q` of a dilation group of `n` positions, in positions of the group.
  package static func window(_ axis: Axis, _ n: Int, _ q: Int) -> Range<Int> {
    let causal: Int32 = axis.causal ? 1 : 0
    let begin = na_window_begin(
      Int32(q), Int32(n), Int32(axis.window), Int32(axis.stride), causal)
    return Int(begin)..<Int(na_window_end(Int32(q), begin, Int32(axis.window), causal))
  }

  /// Calls `body` with each length of dilation groups and how many groups have it: there are at most
  /// two, differing by one.
  private static func forEachGroup(of axis: Axis, _ body: (_ n: Int, _ count: Int) -> Void) {
    let (shorter, rest) = (axis.length / axis.dilation, axis.length % axis.dilation)
    if rest > 0 { body(shorter + 1, rest) }
    body(shorter, axis.dilation - rest)
  }

  /// What tiles of `tile` queries meet along one axis, when each streams the bounding interval of its
  /// windows in tiles of `keyTile` keys.
  package struct AxisTiles: Sendable {
    /// Query tiles of all dilation groups.
    package var tiles = 0
    /// Key tiles of all dilation groups.
    package var keyTiles = 0
    /// Pairs of a query tile and a key tile it streams.
    package var visited = 0
    /// Those of them where every query attends every key and no place is empty.
    package var full = 0
    /// The longest bounding interval.
    package var extent = 0
    /// The most key tiles of one query tile.
    package var most = 0
  }

  /// Counts the tiles along `axis`.
  package static func tiles(_ axis: Axis, tile: Int, keyTile: Int) -> AxisTiles {
    var result = AxisTiles()
    forEachGroup(of: axis) { n, count in
      result.keyTiles += count * ((n + keyTile - 1) / keyTile)
      for first in stride(from: 0, to: n, by: tile) {
        let last = min(first + tile, n) - 1
        let (early, late) = (window(axis, n, first), window(axis, n, last))
        let extent = late.upperBound - early.lowerBound
        let visited = (extent + keyTile - 1) / keyTile
        // Windows move forward only, so the first and the last query bound them all.
        var full = 0
        if tile == last - first + 1, early.upperBound > late.lowerBound {
          let begin = (late.lowerBound - early.lowerBound + keyTile - 1) / keyTile
          full = max(0, (early.upperBound - early.lowerBound) / keyTile - begin)
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

  /// Full, partial and skipped pairs of a query tile and a key tile over all axes, for `repeats`
  /// repetitions (heads times batch entries). Skipped is what dense attention would visit besides.
  package static func counts(_ axes: [AxisTiles], repeats: Int) -> Plan.TileCounts {
    func product(_ value: (AxisTiles) -> Int) -> Double {
      axes.reduce(Double(repeats)) { $0 * Double(value($1)) }
    }
    let visited = product(\.visited), full = product(\.full)
    let dense = product(\.tiles) * axes.reduce(1.0) { $0 * Double($1.keyTiles) }
    func integer(_ x: Double) -> Int { x < Double(Int.max) ? Int(x) : Int.max }
    return Plan.TileCounts(
      full: integer(full), partial: integer(visited - full), skipped: integer(dense - visited))
  }
}
