/// What tiles of one shape do for an attention: the result of `NeighborhoodSimulator`.
package struct TileSimulation: Sendable, Hashable, Encodable {
  /// Operations and memory of a pass.
  package struct Work: Sendable, Hashable, Codable {
    /// Floating-point operations of the definition's matrix products.
    package var flopsNeeded: Double
    /// The same over all places of the tiles that are visited.
    package var flopsDone: Double
    /// Bytes that must move at least: every input once, every output once.
    package var bytes: Double
  }

  /// Equal dilation groups.
  package struct Group: Sendable, Hashable, Codable {
    /// How many there are.
    package var count: Int
    /// Keys of one group along each axis.
    package var keys: [Int]
    /// Queries of one group along each axis.
    package var queries: [Int]
    /// Tile pairs of one group, of one head and batch entry.
    package var tiles: Plan.TileCounts
  }

  /// The tiles of a forward pass and of dQ, over the problem's own axes.
  package var shape: TileShape
  /// The tiles with which keys stream queries, for dK and dV.
  package var inverseShape: TileShape

  /// Pairs of a query tile and a key tile, over all heads and batch entries: full, partial, or skipped.
  /// Full pairs need no mask and have no empty place. Skipped are the other pairs of the same tiles.
  package var tiles: Plan.TileCounts
  /// Pairs of a key tile and a query tile when key tiles stream the queries that attend them.
  package var inverseTiles: Plan.TileCounts
  /// Whether no visited pair of `tiles` needs a mask, but for the last of the additional keys.
  package var isBlockSparse: Bool
  /// Query tiles, over all heads and batch entries.
  package var queryTiles: Double
  /// `tiles` by dilation group, without additional keys; empty if there are more than 64 kinds.
  package var groups: [Group]

  /// Pairs of a query and a key it attends, additional keys included.
  package var pairsNeeded: Double
  /// Places of all visited tile pairs.
  package var pairsDone: Double
  /// Pairs of all queries and all keys.
  package var pairsDense: Double
  /// Tile pairs of dense attention over tiles of as many places, laid over the tokens in a row.
  package var denseTiles: Double

  package var forward: Work
  /// Gradients in two passes, without atomics: query tiles give dQ, key tiles dK and dV.
  package var backward: Work

  package var queryTile: [Int] { shape.queryTile }
  package var keyTile: [Int] { shape.keyTile }
  package var queryPlaces: Int { shape.queryPlaces }
  package var keyPlaces: Int { shape.keyPlaces }

  /// Tile pairs that are computed.
  package var visited: Double { Double(tiles.full) + Double(tiles.partial) }
  /// Tile pairs of one query tile, on average.
  package var visitedPerQueryTile: Double { queryTiles > 0 ? visited / queryTiles : 0 }
  /// Part of the visited tile pairs that needs no mask.
  package var fullShare: Double { visited > 0 ? Double(tiles.full) / visited : 1 }
  /// Part of the work on pairs that are masked out, or on empty places.
  package var waste: Double { pairsDone > 0 ? 1 - pairsNeeded / pairsDone : 0 }
  /// How many times faster than dense attention this can be with these tiles: `denseTiles / visited`,
  /// the operations of a dense kernel of the same tile volumes over those done here.
  package var bound: Double { visited > 0 ? denseTiles / visited : 1 }
  /// The bound if no pair were computed in vain: `pairsDense / pairsNeeded`.
  package var boundByOperations: Double { pairsNeeded > 0 ? pairsDense / pairsNeeded : 1 }
}

extension TileSimulation {
  private enum CodingKeys: String, CodingKey {
    case shape, inverseShape, tiles, inverseTiles, isBlockSparse, queryTiles, groups
    case pairsNeeded, pairsDone, pairsDense, denseTiles, forward, backward
    case visitedPerQueryTile, fullShare, waste, bound, boundByOperations
  }

  /// Writes the derived figures too, for readers of the document.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(shape, forKey: .shape)
    try container.encode(inverseShape, forKey: .inverseShape)
    try container.encode(tiles, forKey: .tiles)
    try container.encode(inverseTiles, forKey: .inverseTiles)
    try container.encode(isBlockSparse, forKey: .isBlockSparse)
    try container.encode(queryTiles, forKey: .queryTiles)
    try container.encode(groups, forKey: .groups)
    try container.encode(pairsNeeded, forKey: .pairsNeeded)
    try container.encode(pairsDone, forKey: .pairsDone)
    try container.encode(pairsDense, forKey: .pairsDense)
    try container.encode(denseTiles, forKey: .denseTiles)
    try container.encode(forward, forKey: .forward)
    try container.encode(backward, forKey: .backward)
    try container.encode(visitedPerQueryTile, forKey: .visitedPerQueryTile)
    try container.encode(fullShare, forKey: .fullShare)
    try container.encode(waste, forKey: .waste)
    try container.encode(bound, forKey: .bound)
    try container.encode(boundByOperations, forKey: .boundByOperations)
  }
}
