/// A change that makes tiles of the same volume waste less.
package struct TileAdvice: Sendable, Hashable, Encodable {
  /// What is changed, from the least intrusive on.
  package enum Change: String, Sendable, Hashable, Codable {
    /// The boxes of the tiles: the operator stays what it is.
    case tiles
    /// The stride: queries in groups share a window.
    case stride
    case strideAndTiles
    /// The dilation, with stride and boxes to match.
    case dilation
    /// The window, with stride and boxes to match.
    case window
  }

  package var change: Change
  /// The parameters after the change, per axis.
  package var window: [Int]
  package var stride: [Int]
  package var dilation: [Int]
  package var queryTile: [Int]
  package var keyTile: [Int]
  /// Tile pairs of one query tile then, on average.
  package var visitedPerQueryTile: Double
  /// Part of the visited tile pairs that needs no mask then.
  package var fullShare: Double
  /// Bound on speed-up over dense attention before and after, for tiles of this volume.
  package var boundBefore: Double
  package var bound: Double
  /// The bound by operations then; it moves only with the window.
  package var boundByOperations: Double
  /// The same as a sentence.
  package var text: String

  init(
    _ change: Change, axes: [TokenAxis], from before: TileSimulation, to after: TileSimulation
  ) {
    self.change = change
    window = axes.map(\.window)
    stride = axes.map(\.stride)
    dilation = axes.map(\.dilation)
    (queryTile, keyTile) = (after.queryTile, after.keyTile)
    visitedPerQueryTile = after.visitedPerQueryTile
    fullShare = after.fullShare
    (boundBefore, bound) = (before.bound, after.bound)
    boundByOperations = after.boundByOperations
    text = ""
    text = sentence(from: before, isBlockSparse: after.isBlockSparse)
  }

  private func sentence(from before: TileSimulation, isBlockSparse: Bool) -> String {
    var parameters: [String] = []
    switch change {
    case .tiles: break
    case .stride, .strideAndTiles: parameters = ["stride \(Self.box(stride))"]
    case .dilation:
      parameters = ["dilation \(Self.box(dilation))", "stride \(Self.box(stride))"]
    case .window: parameters = ["window \(Self.box(window))", "stride \(Self.box(stride))"]
    }
    parameters.append("query tile \(Self.box(queryTile)) and key tile \(Self.box(keyTile))")
    let isWhole = visitedPerQueryTile == visitedPerQueryTile.rounded()
    let number = Self.decimal(visitedPerQueryTile, isWhole ? 1 : 10)
    let visited: String
    if isBlockSparse {
      visited = visitedPerQueryTile == 1
        ? "makes the one visited tile per query tile full"
        : "makes all \(number) visited tiles per query tile full"
    } else {
      visited =
        "visits \(number) tiles per query tile instead of "
        + "\(Self.decimal(before.visitedPerQueryTile, 10)), \(Self.decimal(100 * fullShare, 1)) % of them full"
    }
    var text =
      parameters.joined(separator: ", ") + " \(visited): "
      + "bound \(Self.decimal(boundBefore, 10))× → \(Self.decimal(bound, 10))×"
    if change == .window {
      text += ", of \(Self.decimal(boundByOperations, 10))× by operations with this window"
    }
    return text
  }

  private static func box(_ sides: [Int]) -> String {
    sides.map(String.init).joined(separator: "×")
  }

  /// `value` rounded to a multiple of `1 / unit`, for units of 1 and 10.
  private static func decimal(_ value: Double, _ unit: Int) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
    let scaled = Int((value * Double(unit)).rounded())
    return unit == 1 ? "\(scaled)" : "\(scaled / unit).\(scaled % unit)"
  }
}
