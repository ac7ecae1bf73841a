import TesseraCore
import TesseraKernels
import TesseraReference
import Testing

@Suite struct `The neighborhood simulator` {
  typealias Axis = NeighborhoodProblem.Axis

  @Test(arguments: 1...3)
  func `counts what looking at every place of every tile finds`(rank: Int) throws {
    var random = SeededRandom(UInt64(70 + rank))
    var kinds: Set<String> = []
    for number in 0..<[0, 200, 100, 60][rank] {
      let problem = try Self.randomProblem(&random, rank: rank)
      let sides = [0, 9, 4, 3][rank]
      let queryTile = (0..<rank).map { _ in random.integer(in: 1...sides) }
      let keyTile = (0..<rank).map { _ in random.integer(in: 1...sides) }
      let context = Comment(rawValue: "\(number): \(problem), \(queryTile) × \(keyTile)")
      let simulation = try NeighborhoodSimulator(problem).simulate(
        queryTile: queryTile, keyTile: keyTile)
      try Self.compare(
        simulation, SimulatorBruteForce(problem), heads: problem.heads * problem.batch,
        extraKeys: problem.extraKeys, context)
      if problem.circular.contains(true) { kinds.insert("ring") }
      if problem.axes.contains(where: \.causal) { kinds.insert("causal") }
      if problem.axes.contains(where: { $0.dilation > 1 }) { kinds.insert("dilation") }
      if problem.queryTokens > problem.tokens { kinds.insert("fine queries") }
      if problem.queryTokens < problem.tokens { kinds.insert("coarse queries") }
      if simulation.tiles.full > 0, simulation.tiles.partial > 0 { kinds.insert("mixed") }
    }
    #expect(kinds.count == 6, "only \(kinds) occurred")
  }

  @Test func `counts dense attention as one axis`() throws {
    var random = SeededRandom(80)
    for number in 0..<200 {
      let (queries, keys) = (random.integer(in: 1...30), random.integer(in: 1...30))
      var problem = try AttentionProblem(
        q: (Shape([2, queries, 2, 8]), .f16), k: (Shape([2, keys, 1, 8]), .f16),
        v: (Shape([2, keys, 1, 4]), .f16))
      problem.causal = random.integer(in: 0...2) == 0
      problem.alignment = random.integer(in: 0...1) == 0 ? .topLeft : .bottomRight
      problem.windowLeft = random.integer(in: 0...1) == 0 ? random.integer(in: 0...20) : nil
      problem.windowRight = random.integer(in: 0...1) == 0 ? random.integer(in: 0...20) : nil
      if number == 0 { (problem.windowLeft, problem.windowRight) = (Int.max, Int.max) }
      let tile = [random.integer(in: 1...9)], keyTile = [random.integer(in: 1...9)]
      let simulation = try NeighborhoodSimulator(problem).simulate(
        queryTile: tile, keyTile: keyTile)
      try Self.compare(
        simulation, SimulatorBruteForce(problem), heads: 4, extraKeys: 0,
        "\(number): \(problem), \(tile) × \(keyTile)")
      let pairs = 4 * problem.visiblePairs(queries: queries, keys: keys)
      #expect(simulation.pairsNeeded == Double(pairs))
    }
  }

  @Test func `knows the published bounds by operations`() throws {
    for (axes, bound) in [
      ([Axis(length: 32_768, window: 2048, stride: 256)], 16.0),
      ([Axis(length: 256, window: 80), Axis(length: 256, window: 80)], 10.24),
      (
        [
          Axis(length: 30, window: 18), Axis(length: 48, window: 24), Axis(length: 80, window: 24),
        ], 11.11
      ),
      (
        [Axis(length: 56, window: 7, dilation: 8), Axis(length: 56, window: 7)], 64.0
      ),
    ] {
      let simulator = try NeighborhoodSimulator(Self.problem(axes))
      let boxes = try simulator.bestBoxes(queries: 64, keys: 64)
      let simulation = try simulator.simulate(queryTile: boxes.queryTile, keyTile: boxes.keyTile)
      #expect(abs(simulation.boundByOperations - bound) < 0.01)
      #expect(simulation.bound <= simulation.boundByOperations * 1.0001)
    }
  }

  @Test func `agrees with what is known of blocked attention`() throws {
    // Window and stride of one tile: every query tile meets its own block and no other.
    let axis = Axis(length: 64, window: 8, stride: 8)
    let blocked = try NeighborhoodSimulator(Self.problem([axis, axis])).simulate(
      queryTile: [8, 8], keyTile: [8, 8])
    #expect(blocked.tiles == .init(full: 64, partial: 0, skipped: 64 * 63))
    #expect(blocked.inverseTiles == blocked.tiles)
    #expect(blocked.isBlockSparse && blocked.waste == 0)
    #expect(blocked.bound == 64 && blocked.boundByOperations == 64)
    #expect(blocked.forward.flopsDone == blocked.forward.flopsNeeded)
    // The whole axis as window is dense attention.
    let dense = try NeighborhoodSimulator(Self.problem([Axis(length: 64, window: 64)])).simulate(
      queryTile: [16], keyTile: [16])
    #expect(dense.bound == 1 && dense.isBlockSparse)
  }

  @Test func `counts work and bytes as stated`() throws {
    var problem = try Self.problem([Axis(length: 16, window: 4)], heads: 4, kvHeads: 2, d: 8, dv: 4)
    problem.batch = 3
    let simulation = try NeighborhoodSimulator(problem).simulate(queryTile: [4], keyTile: [4])
    let pairs = Double(16 * 4 * 4 * 3)
    #expect(simulation.forward.flopsNeeded == 2 * 12 * pairs)
    #expect(simulation.backward.flopsNeeded == 2 * (3 * 8 + 2 * 4) * pairs)
    let forward = 3 * 16 * (4 * 8 * 4 + 2 * 8 * 4 + 2 * 4 * 4 + 4 * 4 * 4 + 4 * 4)
    #expect(simulation.forward.bytes == Double(forward))
    // dO as O; the gradients as Q, K and V.
    let backward = forward * 2 - 3 * 16 * 4 * 4
    #expect(simulation.backward.bytes == Double(backward))
  }

  @Test func `counts empty places of tiles that are wider than their boxes`() throws {
    let axis = Axis(length: 56, window: 7, stride: 7)
    let simulator = try NeighborhoodSimulator(Self.problem([axis, axis]))
    let exact = try simulator.simulate(queryTile: [7, 7], keyTile: [7, 7])
    #expect(exact.isBlockSparse && exact.bound == 64)
    let padded = try simulator.simulate(
      queryTile: [7, 7], keyTile: [7, 7], queryPlaces: 64, keyPlaces: 64)
    #expect(padded.tiles == .init(full: 0, partial: 64, skipped: 64 * 63))
    #expect(padded.bound == 49.0 * 49 / 64)
    #expect(throws: TesseraError.self) {
      try simulator.simulate(queryTile: [8, 8], keyTile: [8, 8], keyPlaces: 63)
    }
    #expect(throws: TesseraError.self) { try simulator.simulate(queryTile: [8], keyTile: [8, 8]) }
    #expect(throws: TesseraError.self) {
      try simulator.simulate(queryTile: [8, 0], keyTile: [8, 8])
    }
  }

  @Test func `takes problems without tokens`() throws {
    let empty = try NeighborhoodSimulator(Self.problem([Axis(length: 0, window: 3)])).simulate(
      queryTile: [8], keyTile: [8])
    #expect(empty.tiles == .init(full: 0, partial: 0, skipped: 0))
    #expect(empty.bound == 1 && empty.boundByOperations == 1 && empty.waste == 0)
  }

  @Test func `lays boxes no worse than any other box of the same volume`() throws {
    var random = SeededRandom(81)
    for _ in 0..<20 {
      let simulator = try NeighborhoodSimulator(Self.randomProblem(&random, rank: 2))
      let boxes = try simulator.bestBoxes(queries: 8, keys: 16)
      let best = try simulator.simulate(queryTile: boxes.queryTile, keyTile: boxes.keyTile)
      for queryTile in [[1, 8], [2, 4], [4, 2], [8, 1]] {
        for keyTile in [[1, 16], [2, 8], [4, 4], [8, 2], [16, 1]] {
          let other = try simulator.simulate(queryTile: queryTile, keyTile: keyTile)
          #expect(best.bound >= other.bound)
        }
      }
    }
  }
}
