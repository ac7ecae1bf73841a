import TesseraCore
import TesseraKernels
import TesseraReference
import Testing

extension `The neighborhood simulator` {
  static func compare(
    _ simulation: TileSimulation, _ brute: SimulatorBruteForce, heads: Int, extraKeys: Int,
    _ context: Comment
  ) throws {
    let (queryTile, keyTile) = (simulation.queryTile, simulation.keyTile)
    var (forward, inverse) = (
      brute.count(queryTile, keyTile), brute.countInverse(queryTile, keyTile)
    )
    let queries = brute.groups.reduce(0) { $0 + $1.reduce(1) { $0 * $1.forward.count } }
    // No tile is missed: the visited ones hold every pair, both ways round.
    #expect(simulation.pairsNeeded == Double((forward.pairs + queries * extraKeys) * heads), context)
    #expect(inverse.pairs == forward.pairs, context)

    let groups = simulation.groups.reduce(into: SimulatorBruteForce.Counts()) {
      $0.full += $1.count * $1.tiles.full
      $0.visited += $1.count * ($1.tiles.full + $1.tiles.partial)
    }
    #expect(groups.full == forward.full && groups.visited == forward.visited, context)
    #expect(simulation.groups.reduce(0) { $0 + $1.count } == brute.groups.count, context)

    let rowTiles = forward.rowTiles
    let extraTiles = (extraKeys + simulation.keyPlaces - 1) / simulation.keyPlaces
    forward.visited += rowTiles * extraTiles
    forward.all += rowTiles * extraTiles
    forward.full += forward.wholeRowTiles * (extraKeys / simulation.keyPlaces)
    let queryTiles = (queries + simulation.queryPlaces - 1) / simulation.queryPlaces
    inverse.visited += extraTiles * queryTiles
    inverse.all += extraTiles * queryTiles
    inverse.full += extraKeys / simulation.keyPlaces * (queries / simulation.queryPlaces)
    for (counts, found) in [(simulation.tiles, forward), (simulation.inverseTiles, inverse)] {
      #expect(counts.full == found.full * heads, context)
      #expect(counts.full + counts.partial == found.visited * heads, context)
      #expect(counts.skipped == max(0, found.all - found.visited) * heads, context)
    }
    #expect(simulation.queryTiles == Double(rowTiles * heads), context)
    let volume = simulation.queryPlaces * simulation.keyPlaces
    #expect(simulation.pairsDone == Double(forward.visited * volume * heads), context)
  }

  static func problem(
    _ axes: [Axis], heads: Int = 1, kvHeads: Int = 1, d: Int = 8, dv: Int = 8
  ) throws -> NeighborhoodProblem {
    let lengths = axes.map(\.length)
    func tensor(_ tail: [Int]) throws -> (shape: Shape, dtype: DType) {
      (try Shape([1] + lengths + tail), .f32)
    }
    return try NeighborhoodProblem(
      q: tensor([heads, d]), k: tensor([kvHeads, d]), v: tensor([kvHeads, dv]),
      window: axes.map(\.window), stride: axes.map(\.stride), dilation: axes.map(\.dilation),
      causal: axes.map(\.causal))
  }

  /// A legal problem with any combination of what an axis can be.
  static func randomProblem(_ random: inout SeededRandom, rank: Int) throws -> NeighborhoodProblem {
    let longest = [0, 40, 12, 6][rank]
    var axes: [Axis] = []
    var (circular, queries): ([Bool], [Int]) = ([], [])
    for _ in 0..<rank {
      let dilation = random.integer(in: 1...3)
      let isRing = random.integer(in: 0...3) == 0
      var length = random.integer(in: dilation...longest)
      if isRing { length = length / dilation * dilation }
      let window = random.integer(in: 1...(length / dilation))
      axes.append(
        Axis(
          length: length, window: window, stride: random.integer(in: 1...window),
          dilation: dilation, causal: !isRing && random.integer(in: 0...3) == 0))
      circular.append(isRing)
      let divisors = (1...length).filter { length % $0 == 0 }
      switch random.integer(in: 0...3) {
      case 0: queries.append(length * random.integer(in: 2...3))
      case 1: queries.append(length / random.pick(divisors))
      default: queries.append(length)
      }
    }
    let (keys, tail) = (axes.map(\.length), [2, 4])
    let extra = random.integer(in: 0...1) * random.integer(in: 1...9)
    let extraShape: (shape: Shape, dtype: DType)? =
      extra > 0 ? (try Shape([1, extra, 2, 4]), .f32) : nil
    return try NeighborhoodProblem(
      q: (try Shape([1] + queries + tail), .f32), k: (try Shape([1] + keys + tail), .f32),
      v: (try Shape([1] + keys + tail), .f32), extraK: extraShape, extraV: extraShape, bias: nil,
      keyMask: nil, circular: circular, window: axes.map(\.window), stride: axes.map(\.stride),
      dilation: axes.map(\.dilation), causal: axes.map(\.causal))
  }
}
