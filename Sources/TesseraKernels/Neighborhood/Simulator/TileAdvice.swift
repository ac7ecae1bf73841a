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
  /// Whether none needs one then.
  package var isBlockSparse: Bool
  /// Bound on speed-up over dense attention before and after, for tiles of this volume.
  package var boundBefore: Double
  package var bound: Double
  /// The bound by operations then; it moves only with the window.
  package var boundByOperations: Double
  /// The same as a sentence.
  package var text: String

  /// - Parameters:
  ///   - old: the axes before the change.
  ///   - new: the axes after it.
  init(
    _ change: Change, from before: TileSimulation, _ old: [TokenAxis], to after: TileSimulation,
    _ new: [TokenAxis]
  ) {
    self.change = change
    window = new.map(\.window)
    stride = new.map(\.stride)
    dilation = new.map(\.dilation)
    (queryTile, keyTile) = (after.queryTile, after.keyTile)
    visitedPerQueryTile = after.visitedPerQueryTile
    fullShare = after.fullShare
    isBlockSparse = after.isBlockSparse
    (boundBefore, bound) = (before.bound, after.bound)
    boundByOperations = after.boundByOperations

    // Only what is different is named.
    var parameters: [String] = []
    func name(_ parameter: String, _ old: [Int], _ new: [Int]) {
      if old != new { parameters.append("\(parameter) \(Self.box(new))") }
    }
    name("window", old.map(\.window), window)
    name("dilation", old.map(\.dilation), dilation)
    name("stride", old.map(\.stride), stride)
    name("query tile", before.queryTile, queryTile)
    name("key tile", before.keyTile, keyTile)
    text = "\(parameters.joined(separator: ", ")): \(Self.effect(before, after)), "
    text += "bound \(Self.decimal(boundBefore, 10))× → \(Self.decimal(bound, 10))×"
    if change == .window {
      text += " of \(Self.decimal(boundByOperations, 10))× by operations with this window"
    }
  }

  private static func effect(_ before: TileSimulation, _ after: TileSimulation) -> String {
    let number = after.visitedPerQueryTile
    if after.isBlockSparse {
      return number == 1
        ? "the one visited tile per query tile is full"
        : "all \(decimal(number, number == number.rounded() ? 1 : 10)) visited tiles per query tile are full"
    }
    let fewer = 100 * (1 - after.visited / before.visited)
    return "\(decimal(fewer, 1)) % fewer tiles visited, \(decimal(100 * after.fullShare, 1)) % of them full"
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
