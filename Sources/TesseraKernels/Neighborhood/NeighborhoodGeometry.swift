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
  package var pairs: Double { axes.reduce(1.0) { $0 * TokenAxis(plain: $1).pairs } }

  /// Counts the tiles along `axis`.
  package static func tiles(_ axis: Axis, tile: Int, keyTile: Int) -> AxisTiles {
    TokenAxis(plain: axis).tiles(tile, keyTile: keyTile)
  }

  /// Full, partial and skipped pairs of a query tile and a key tile over all axes, for `repeats`
  /// repetitions (heads times batch entries). Skipped is what dense attention would visit besides.
  package static func counts(_ axes: [AxisTiles], repeats: Int) -> Plan.TileCounts {
    func product(_ value: (AxisTiles) -> Int) -> Double {
      axes.reduce(Double(repeats)) { $0 * Double(value($1)) }
    }
    let visited = product(\.visited), full = product(\.full)
    let dense = product(\.tiles) * axes.reduce(1.0) { $0 * Double($1.columnTiles) }
    func integer(_ x: Double) -> Int { x < Double(Int.max) ? Int(x) : Int.max }
    return Plan.TileCounts(
      full: integer(full), partial: integer(visited - full), skipped: integer(dense - visited))
  }
}
