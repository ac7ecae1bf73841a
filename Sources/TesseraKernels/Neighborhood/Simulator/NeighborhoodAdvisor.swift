/// Searches parameters near a problem's own with which tiles waste less.
///
/// What tiles visit is a product over the axes, so the best stride of each axis is found on its own, for
/// each pair of sides a tile of the given volume can have along it; combining them costs next to nothing.
package struct NeighborhoodAdvisor: Sendable {
  private let simulator: NeighborhoodSimulator
  private let before: TileSimulation
  /// A change must raise the bound by this factor to be worth a line.
  private static let worthwhile = 1.01
  /// Windows evaluated in one search over strides, about: a tenth of a second.
  private static let budget = 8_000_000

  /// - Parameter before: the simulation to improve on.
  package init(_ simulator: NeighborhoodSimulator, _ before: TileSimulation) {
    self.simulator = simulator
    self.before = before
  }

  /// The changes found, from the least intrusive on; each is better than all before it. Empty if every
  /// visited tile is full already, or nothing near comes closer.
  package func advice() -> [TileAdvice] {
    guard before.visited > 0, !before.isBlockSparse else { return [] }
    let axes = simulator.axes
    let search = BoxSearch(
      queries: before.queryTile.reduce(1, *), keys: before.keyTile.reduce(1, *), axes: axes.count)
    let hasStride = !axes.contains { $0.kind == .band }
    var found: [TileAdvice] = []
    var best = (bound: before.bound, isBlockSparse: false)

    func consider(_ change: TileAdvice.Change, _ candidate: Candidate?) {
      guard let candidate, let after = simulate(candidate) else { return }
      let gain = after.bound / best.bound
      guard gain >= Self.worthwhile || after.isBlockSparse && !best.isBlockSparse && gain >= 0.99
      else { return }
      best = (max(best.bound, after.bound), best.isBlockSparse || after.isBlockSparse)
      found.append(TileAdvice(change, from: before, axes, to: after, candidate.axes))
    }

    consider(.tiles, choose(search) { axis, _, _ in [axes[axis]] })
    guard hasStride, !best.isBlockSparse else { return found }
    let own = BoxSearch.only(before.queryTile, before.keyTile)
    let share = Self.budget / (axes.count * search.querySides.count * search.keySides.count)
    func withStrides(_ axis: Int, _ tile: Int, _ keyTile: Int) -> [TokenAxis] {
      Self.strides(axes[axis], tile, keyTile, budget: share).map { axes[axis].with(stride: $0) }
    }
    consider(.stride, choose(own, withStrides))
    consider(.strideAndTiles, choose(search, withStrides))
    guard !best.isBlockSparse else { return found }
    consider(
      .dilation,
      choose(search) { axis, tile, _ in Self.dilations(axes[axis], tile: tile) })
    considerWindow(search, &found)
    return found
  }

  /// Adds the nearest windows that make everything full: a smaller window has a higher bound for
  /// nothing, so what counts is how close the bound comes to that by operations.
  private func considerWindow(_ search: BoxSearch, _ found: inout [TileAdvice]) {
    guard !found.contains(where: \.isBlockSparse) else { return }
    let axes = simulator.axes
    let candidate = choose(search, mustBeFull: true) { axis, tile, keyTile in
      Self.windows(axes[axis], tile: tile, keyTile: keyTile)
    }
    guard let candidate, let after = simulate(candidate), after.isBlockSparse else { return }
    found.append(TileAdvice(.window, from: before, axes, to: after, candidate.axes))
  }

  /// Parameters and boxes.
  private struct Candidate {
    var axes: [TokenAxis]
    var queryTile: [Int]
    var keyTile: [Int]
  }

  private func simulate(_ candidate: Candidate) -> TileSimulation? {
    var simulator = simulator
    simulator.axes = candidate.axes
    return try? simulator.simulate(
      queryTile: candidate.queryTile, keyTile: candidate.keyTile, queryPlaces: before.queryPlaces,
      keyPlaces: before.keyPlaces)
  }

  /// The best of `options` for every axis and pair of sides, then the best boxes.
  ///
  /// - Parameter mustBeFull: whether only block-sparse axes count, and among them the nearest window.
  private func choose(
    _ search: BoxSearch, mustBeFull: Bool = false,
    _ options: (_ axis: Int, _ tile: Int, _ keyTile: Int) -> [TokenAxis]
  ) -> Candidate? {
    let tables = simulator.axes.indices.map { axis in
      search.table { tile, keyTile -> (axis: TokenAxis, cost: Double) in
        var best: (axis: TokenAxis, cost: Double) = (simulator.axes[axis], .infinity)
        for option in options(axis, tile, keyTile) {
          let tiles = option.tiles(tile, keyTile: keyTile)
          // A hair's breadth in favour of what is block-sparse at the same number of tiles.
          var cost = Double(tiles.visited) * (tiles.isBlockSparse ? 1 : 1 + 1e-9)
          if mustBeFull {
            let (new, old) = (Double(option.window), Double(simulator.axes[axis].window))
            let change = new > old ? new / old : old / new
            cost = tiles.isBlockSparse ? change * (1 + 1e-6 * Double(option.stride)) : .infinity
          }
          if cost < best.cost { best = (option, cost) }
        }
        return best
      }
    }
    let positions = search.bestPositions { tables[$0][$1][$2].cost }
    let chosen = simulator.axes.indices.map {
      tables[$0][positions.queries[$0]][positions.keys[$0]]
    }
    guard chosen.allSatisfy({ $0.cost.isFinite }) else { return nil }
    return Candidate(
      axes: chosen.map(\.axis), queryTile: positions.queries.map { search.querySides[$0] },
      keyTile: positions.keys.map { search.keySides[$0] })
  }

  /// Strides to try, smallest first: all if there is time, else the own, divisors of the window,
  /// multiples of a tile's sides and powers of two.
  private static func strides(_ axis: TokenAxis, _ tile: Int, _ keyTile: Int, budget: Int) -> [Int] {
    guard axis.window > 0 else { return [axis.stride] }
    // Each tile is evaluated at its first and last query.
    let most = max(8, budget / max(1, 2 * axis.queries / tile))
    if axis.window <= most { return Array(1...axis.window) }
    var chosen: Set<Int> = [1, axis.stride, axis.window]
    var power = 1
    while power <= axis.window {
      chosen.insert(power)
      power *= 2
    }
    for multiple in 1...axis.window where chosen.count < most {
      if axis.window % multiple == 0 { chosen.insert(axis.window / multiple) }
      for side in [tile, keyTile] where side <= axis.window / multiple {
        chosen.insert(side * multiple)
      }
    }
    return chosen.sorted().prefix(most).map { $0 }
  }

  /// The axis with dilations of at most 4 more or less, and strides that fit the tile.
  private static func dilations(_ axis: TokenAxis, tile: Int) -> [TokenAxis] {
    guard axis.dilation > 1 else { return strided(axis, tile: tile) }
    let near = max(1, axis.dilation - 4)...(axis.dilation + 4)
    return near.flatMap { dilation -> [TokenAxis] in
      guard axis.window <= axis.keys / dilation, axis.kind != .ring || axis.keys % dilation == 0
      else { return [] }
      var other = axis
      other.dilation = dilation
      return strided(other, tile: tile)
    }
  }

  /// The axis with the multiples of the key tile around its window, and strides that fit the tile.
  private static func windows(_ axis: TokenAxis, tile: Int, keyTile: Int) -> [TokenAxis] {
    let below = axis.window / keyTile * keyTile
    return [axis.window, below, below + keyTile].flatMap { window -> [TokenAxis] in
      guard window >= 1, window <= axis.keys / axis.dilation else { return [] }
      var other = axis
      other.window = window
      other.stride = min(axis.stride, window)
      return strided(other, tile: tile)
    }
  }

  /// The axis with its own stride and with multiples of the tile, at most 16.
  private static func strided(_ axis: TokenAxis, tile: Int) -> [TokenAxis] {
    let most = min(axis.window / tile, 16)
    return [axis] + (most > 0 ? (1...most).map { axis.with(stride: $0 * tile) } : [])
  }
}

extension TokenAxis {
  fileprivate func with(stride: Int) -> TokenAxis {
    var other = self
    other.stride = stride
    return other
  }
}
