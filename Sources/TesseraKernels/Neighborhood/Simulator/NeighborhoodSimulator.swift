package import TesseraCore

/// Counts what tiles of a given shape do for dense or neighborhood attention, without computing it.
///
/// The schedule that is simulated is that of the kernels: each dilation group is cut into boxes of
/// queries; each box streams the bounding box of all its windows, cut into boxes of keys from the
/// bounding box's first corner on. All counts are exact, and are sums along axes multiplied over them:
/// the time it takes does not depend on the product of the axes.
package struct NeighborhoodSimulator: Sendable {
  /// The token axes, as the problem has them.
  package var axes: [TokenAxis]
  /// Query heads times batch entries.
  let repeats: Double
  let headDim: Int
  let valueDim: Int
  /// Keys that every query attends besides.
  let extraKeys: Int
  /// Bytes that a pass must move at least.
  let forwardBytes: Double
  let backwardBytes: Double

  init(
    axes: [TokenAxis], repeats: Double, headDim: Int, valueDim: Int, extraKeys: Int,
    forwardBytes: Double, backwardBytes: Double
  ) {
    self.axes = axes
    self.repeats = repeats
    self.headDim = headDim
    self.valueDim = valueDim
    self.extraKeys = extraKeys
    self.forwardBytes = forwardBytes
    self.backwardBytes = backwardBytes
  }

  /// Simulates tiles.
  ///
  /// - Parameters:
  ///   - shape: tiles over the problem's axes, of a forward pass and of dQ.
  ///   - inverse: tiles with which keys stream queries, for dK and dV; `shape` if nil.
  /// - Throws: `invalidArgument` naming a tile that does not fit the problem's axes.
  package func simulate(
    _ shape: TileShape, inverse inverseShape: TileShape? = nil
  ) throws(TesseraError) -> TileSimulation {
    let inverseShape = inverseShape ?? shape
    try check(shape)
    try check(inverseShape)
    let perAxis = axes.indices.map {
      axes[$0].tiles(shape.queryTile[$0], keyTile: shape.keyTile[$0])
    }
    let inverse = axes.indices.map {
      axes[$0].inverseTiles(inverseShape.queryTile[$0], keyTile: inverseShape.keyTile[$0])
    }
    let (queries, keys) = (product(axes.map(\.queries)), product(axes.map(\.keys)))
    let pairs = axes.reduce(1.0) { $0 * $1.pairs } + queries * Double(extraKeys)
    let heads = repeats

    var tiles = Counts(perAxis, noFull: shape.hasEmptyPlaces)
    let isBlockSparse = tiles.full == tiles.visited
    let queryTiles = product(perAxis.map(\.tiles))
    let isFilled = shape.queryPlaces == shape.queryTile.reduce(1, *)
    tiles.add(
      rows: queryTiles, wholeRows: isFilled ? product(perAxis.map(\.whole)) : 0,
      columns: extraKeys, places: shape.keyPlaces)
    // Every query attends every additional key, so their tiles stream all queries in a row.
    var inverseTiles = Counts(inverse, noFull: inverseShape.hasEmptyPlaces)
    inverseTiles.add(
      rows: Double(Self.quotient(extraKeys, inverseShape.keyPlaces)),
      wholeRows: Double(extraKeys / inverseShape.keyPlaces), columns: Int(queries),
      places: inverseShape.queryPlaces)
    let done = tiles.visited * shape.volume * heads
    let inverseDone = inverseTiles.visited * inverseShape.volume * heads

    let denseRows = (queries / Double(shape.queryPlaces)).rounded(.up)
    let denseColumns =
      (keys / Double(shape.keyPlaces)).rounded(.up)
      + Double(Self.quotient(extraKeys, shape.keyPlaces))
    let (d, dv) = (Double(headDim), Double(valueDim))
    return TileSimulation(
      shape: shape, inverseShape: inverseShape, tiles: tiles.scaled(heads),
      inverseTiles: inverseTiles.scaled(heads), isBlockSparse: isBlockSparse,
      queryTiles: queryTiles * heads,
      groups: groups(shape, perAxis), pairsNeeded: pairs * heads, pairsDone: done,
      pairsDense: queries * (keys + Double(extraKeys)) * heads,
      denseTiles: denseRows * denseColumns * heads,
      forward: .init(
        flopsNeeded: 2 * (d + dv) * pairs * heads, flopsDone: 2 * (d + dv) * done,
        bytes: forwardBytes),
      // S = QKᵀ and dP = dO·Vᵀ are computed in both passes, though once would do.
      backward: .init(
        flopsNeeded: 2 * (3 * d + 2 * dv) * pairs * heads,
        flopsDone: 2 * (2 * d + dv) * done + 2 * (2 * d + 2 * dv) * inverseDone,
        bytes: backwardBytes))
  }

  /// As `simulate(_:inverse:)`, of one shape.
  package func simulate(
    queryTile: [Int], keyTile: [Int], queryPlaces: Int? = nil, keyPlaces: Int? = nil
  ) throws(TesseraError) -> TileSimulation {
    try simulate(
      TileShape(
        queryTile: queryTile, keyTile: keyTile, queryPlaces: queryPlaces, keyPlaces: keyPlaces))
  }

  private func check(_ shape: TileShape) throws(TesseraError) {
    for (name, box, places) in [
      ("query tile", shape.queryTile, shape.queryPlaces),
      ("key tile", shape.keyTile, shape.keyPlaces),
    ] {
      guard box.count == axes.count, box.allSatisfy({ $0 >= 1 }) else {
        throw .invalidArgument(
          name, got: "\(box)", allowed: "\(axes.count) extents of 1 or more, one per token axis")
      }
      guard places >= (try Shape(box).elementCount) else {
        throw .invalidArgument(name, got: "\(box)", allowed: "a box of at most \(places) tokens")
      }
    }
  }

  private func groups(_ shape: TileShape, _ perAxis: [AxisTiles]) -> [TileSimulation.Group] {
    let kinds = axes.map(\.groups)
    guard kinds.reduce(1, { min($0 * $1.count, 65) }) <= 64 else { return [] }
    let keyTiles = product(perAxis.map(\.columnTiles))
    var result: [(group: TileSimulation.Group, tiles: [AxisTiles])] = [
      (.init(count: 1, keys: [], queries: [], tiles: .init(full: 0, partial: 0, skipped: 0)), [])
    ]
    for (index, kinds) in kinds.enumerated() {
      result = result.flatMap { entry in
        kinds.map { kind in
          var (group, tiles) = entry
          group.count *= kind.count
          group.keys.append(kind.group.keys)
          group.queries.append(kind.group.queries)
          var own = AxisTiles()
          own.add(
            kind.group, count: 1, side: shape.queryTile[index], columnSide: shape.keyTile[index])
          tiles.append(own)
          return (group, tiles)
        }
      }
    }
    return result.map { entry in
      var group = entry.group
      var counts = Counts(entry.tiles, noFull: shape.hasEmptyPlaces)
      counts.all = product(entry.tiles.map(\.tiles)) * keyTiles
      group.tiles = counts.scaled(1)
      return group
    }
  }

  static func quotient(_ a: Int, _ b: Int) -> Int { a / b + (a % b > 0 ? 1 : 0) }

  private func product(_ values: [Int]) -> Double { values.reduce(1.0) { $0 * Double($1) } }
}

/// Tile pairs of one head and batch entry.
private struct Counts {
  var full: Double
  var visited: Double
  /// Visited and skipped ones.
  var all: Double

  /// - Parameter noFull: whether a tile has empty places wherever it lies.
  init(_ axes: [AxisTiles], noFull: Bool) {
    func product(_ value: (AxisTiles) -> Int) -> Double {
      axes.reduce(1.0) { $0 * Double(value($1)) }
    }
    visited = product(\.visited)
    full = noFull ? 0 : product(\.full)
    all = product(\.tiles) * product(\.columnTiles)
  }

  /// Adds row tiles that stream all of `columns` columns.
  mutating func add(rows: Double, wholeRows: Double, columns: Int, places: Int) {
    let tiles = rows * Double(NeighborhoodSimulator.quotient(columns, places))
    full += wholeRows * Double(columns / places)
    visited += tiles
    all += tiles
  }

  func scaled(_ repeats: Double) -> Plan.TileCounts {
    func integer(_ x: Double) -> Int { x < Double(Int.max) ? Int(x) : Int.max }
    return Plan.TileCounts(
      full: integer(full * repeats), partial: integer((visited - full) * repeats),
      // Windows around the ends of a ring may be streamed in more tiles than cover the ring.
      skipped: integer(max(0, all - visited) * repeats))
  }
}
