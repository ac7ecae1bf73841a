/// The boxes of tokens that a pass of attention computes together.
package struct TileShape: Sendable, Hashable, Codable {
  /// Queries of a tile along each token axis, inside a dilation group.
  package var queryTile: [Int]
  /// Keys of a tile along each token axis.
  package var keyTile: [Int]
  /// Queries a tile has room for: the volume of `queryTile`, or more if some places stay empty.
  package var queryPlaces: Int
  /// Keys a tile has room for.
  package var keyPlaces: Int

  /// - Parameters:
  ///   - queryPlaces: the volume of `queryTile` if nil.
  ///   - keyPlaces: the volume of `keyTile` if nil.
  package init(
    queryTile: [Int], keyTile: [Int], queryPlaces: Int? = nil, keyPlaces: Int? = nil
  ) {
    func volume(_ box: [Int]) -> Int {
      box.reduce(1) { product, side in
        let (next, overflow) = product.multipliedReportingOverflow(by: side)
        return overflow ? Int.max : next
      }
    }
    self.queryTile = queryTile
    self.keyTile = keyTile
    self.queryPlaces = queryPlaces ?? volume(queryTile)
    self.keyPlaces = keyPlaces ?? volume(keyTile)
  }

  /// Pairs of a query and a key that a pair of tiles has room for.
  var volume: Double { Double(queryPlaces) * Double(keyPlaces) }
  /// Whether tiles have more room than their boxes fill.
  var hasEmptyPlaces: Bool {
    queryPlaces > queryTile.reduce(1, *) || keyPlaces > keyTile.reduce(1, *)
  }
}
