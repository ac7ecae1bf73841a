package import TesseraCore

extension NeighborhoodSimulator {
  /// The boxes of `queries` queries and of `keys` keys that visit the fewest tile pairs; of equal ones
  /// those with the longest rows, which are contiguous memory.
  /// - Throws: `invalidArgument` if a volume is not between 1 and 65536.
  package func bestBoxes(
    queries: Int, keys: Int
  ) throws(TesseraError) -> (queryTile: [Int], keyTile: [Int]) {
    for (name, volume) in [("queries of a tile", queries), ("keys of a tile", keys)]
    where !(1...65_536).contains(volume) {
      throw .invalidArgument(name, got: volume, allowed: "1...65536")
    }
    let search = BoxSearch(queries: queries, keys: keys, axes: axes.count)
    let tables = axes.indices.map { axis in
      search.table { axes[axis].tiles($0, keyTile: $1) }
    }
    return search.best { axis, tile, keyTile in Double(tables[axis][tile][keyTile].visited) }
  }
}

extension NeighborhoodSimulator {
  /// A plan's tiles over the problem's own axes: kernels always have three, and drop those of one token.
  package func ownShape(_ shape: TileShape) -> TileShape {
    func own(_ box: [Int]) -> [Int] {
      var sides = box[...]
      var result = axes.reversed().map { axis in
        axis.keys == 1 && axis.queries == 1 ? 1 : sides.popLast() ?? 1
      }
      result.reverse()
      return result
    }
    return TileShape(
      queryTile: own(shape.queryTile), keyTile: own(shape.keyTile),
      queryPlaces: shape.queryPlaces, keyPlaces: shape.keyPlaces)
  }
}

/// Every way to lay tiles of two volumes as boxes over the axes.
///
/// A side is a divisor of the volume; what a pair of sides costs along an axis is computed once and
/// looked up for all boxes that share it.
struct BoxSearch {
  let querySides: [Int]
  let keySides: [Int]
  /// Boxes by the positions of their sides in `querySides`, those with the longest rows first.
  let queryBoxes: [[Int]]
  let keyBoxes: [[Int]]

  init(queries: Int, keys: Int, axes: Int) {
    // A single axis leaves no choice.
    querySides = axes > 1 ? Self.divisors(queries) : [queries]
    keySides = axes > 1 ? Self.divisors(keys) : [keys]
    queryBoxes = Self.boxes(queries, querySides, axes)
    keyBoxes = Self.boxes(keys, keySides, axes)
  }

  private init(querySides: [Int], keySides: [Int], queryBox: [Int], keyBox: [Int]) {
    (self.querySides, self.keySides) = (querySides, keySides)
    (queryBoxes, keyBoxes) = ([queryBox], [keyBox])
  }

  /// The search that leaves no choice but these boxes.
  static func only(_ queryTile: [Int], _ keyTile: [Int]) -> BoxSearch {
    let (queries, keys) = (Set(queryTile).sorted(), Set(keyTile).sorted())
    return BoxSearch(
      querySides: queries, keySides: keys,
      queryBox: queryTile.map { queries.firstIndex(of: $0) ?? 0 },
      keyBox: keyTile.map { keys.firstIndex(of: $0) ?? 0 })
  }

  /// `body` for each query side and key side.
  func table<T>(_ body: (_ tile: Int, _ keyTile: Int) -> T) -> [[T]] {
    querySides.map { tile in keySides.map { body(tile, $0) } }
  }

  /// The pair of boxes whose product of costs along the axes is least; the first of equal ones.
  /// - Parameter cost: of an axis and the positions of a query side and a key side.
  func best(_ cost: (_ axis: Int, _ tile: Int, _ keyTile: Int) -> Double) -> (
    queryTile: [Int], keyTile: [Int]
  ) {
    let (q, k) = bestPositions(cost)
    return (q.map { querySides[$0] }, k.map { keySides[$0] })
  }

  /// As `best`, but in positions of the sides.
  func bestPositions(_ cost: (_ axis: Int, _ tile: Int, _ keyTile: Int) -> Double) -> (
    queries: [Int], keys: [Int]
  ) {
    var best = (queries: queryBoxes[0], keys: keyBoxes[0])
    var least = Double.infinity
    for queries in queryBoxes {
      for keys in keyBoxes {
        var product = 1.0
        for axis in queries.indices { product *= cost(axis, queries[axis], keys[axis]) }
        if product < least { (best, least) = ((queries, keys), product) }
      }
    }
    return best
  }

  private static func divisors(_ volume: Int) -> [Int] {
    (1...volume).filter { volume % $0 == 0 }
  }

  private static func boxes(_ volume: Int, _ sides: [Int], _ axes: Int) -> [[Int]] {
    guard axes > 1 else {
      return sides.firstIndex(of: volume).map { [[$0]] } ?? []
    }
    return sides.indices.reversed().flatMap { last in
      volume % sides[last] == 0
        ? boxes(volume / sides[last], sides, axes - 1).map { $0 + [last] } : []
    }
  }
}
