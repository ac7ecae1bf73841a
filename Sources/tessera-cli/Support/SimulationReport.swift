import TesseraKernels

/// A simulation of tiles as it is printed.
struct SimulationReport: Encodable {
  /// Where the simulated tiles come from.
  enum TileSource: String, Encodable {
    case plan, options, `default`
  }
  /// What no run can beat at the given rates.
  struct LowerBound: Encodable {
    /// Milliseconds for the operations these tiles do, or the bytes, whichever takes longer.
    var ms: Double
    /// The same for the operations that are needed.
    var neededMs: Double
  }

  var tilesFrom: TileSource
  var simulation: TileSimulation
  var advice: [TileAdvice]
  /// What the advice comes to, also where there is none.
  var conclusion: String
  var lowerBound: LowerBound?
  private var backward: Bool

  private enum CodingKeys: CodingKey {
    case tilesFrom, simulation, advice, conclusion, lowerBound
  }

  init(
    _ simulation: TileSimulation, tilesFrom: TileSource, advice: [TileAdvice], backward: Bool,
    tflops: Double?, gbps: Double?
  ) {
    self.tilesFrom = tilesFrom
    self.simulation = simulation
    self.advice = advice
    self.backward = backward
    if simulation.isBlockSparse {
      conclusion = "every visited tile is full: no parameter can waste less"
    } else if let last = advice.last {
      conclusion =
        last.isBlockSparse
        ? "the last of these wastes nothing" : "nothing near makes every visited tile full"
    } else {
      conclusion = "no stride or box near comes closer with tiles of this volume"
    }
    let work = backward ? simulation.backward : simulation.forward
    if tflops != nil || gbps != nil {
      func milliseconds(_ flops: Double) -> Double {
        max(
          tflops.map { flops / $0 * 1e-9 } ?? 0, gbps.map { work.bytes / $0 * 1e-6 } ?? 0)
      }
      lowerBound = LowerBound(
        ms: milliseconds(work.flopsDone), neededMs: milliseconds(work.flopsNeeded))
    }
  }

  func printText() {
    let s = simulation
    let origin =
      switch tilesFrom {
      case .plan: "those of the plan"
      case .options: "as asked for"
      case .default: "the best boxes of 64 tokens"
      }
    print("simulation: query tile \(Self.box(s.queryTile)), key tile \(Self.box(s.keyTile)), \(origin)")
    printTiles()
    if backward {
      let inverse = s.inverseShape
      print(
        "  key tiles: \(Self.box(inverse.keyTile)) streaming \(Self.box(inverse.queryTile)) queries: "
          + Self.counts(s.inverseTiles))
    }
    let work = backward ? s.backward : s.forward
    print(
      "  operations: \(Format.number(work.flopsNeeded)) needed, \(Format.number(work.flopsDone)) done"
        + (work.flopsNeeded > 0
          ? " (\(Format.fixed(work.flopsDone / work.flopsNeeded, 2))×)" : "")
        + (backward
          ? "" : "; \(Format.fixed(100 * s.waste, 1)) % of the pairs computed are masked or empty"))
    print("  bytes: \(Format.number(work.bytes)) at least")
    if let lowerBound {
      print(
        "  time: at least \(Format.number(lowerBound.ms)) ms with these tiles, "
          + "\(Format.number(lowerBound.neededMs)) ms without waste")
    }
    print(
      "  bound: \(Format.fixed(s.bound, 1))× over dense attention with tiles of \(s.queryPlaces) × "
        + "\(s.keyPlaces) (\(Format.fixed(s.denseTiles, 0)) dense tiles / \(Format.fixed(s.visited, 0)) "
        + "visited), \(Format.fixed(s.boundByOperations, 1))× by operations")
    for advice in advice { print("advice: \(advice.text)") }
    print("advice: \(conclusion)")
  }

  private func printTiles() {
    let s = simulation
    print(
      "  tiles: \(Self.counts(s.tiles)); \(Format.fixed(s.visitedPerQueryTile, 1)) visited per query tile")
    guard s.groups.reduce(0, { $0 + $1.count }) > 1 else { return }
    for group in s.groups.prefix(8) {
      print(
        "    \(group.count) dilation group\(group.count == 1 ? "" : "s") of "
          + "\(Self.box(group.queries)) queries, \(Self.box(group.keys)) keys: "
          + "each \(Self.counts(group.tiles)) per head")
    }
    if s.groups.count > 8 { print("    and \(s.groups.count - 8) more kinds") }
  }

  private static func counts(_ tiles: Plan.TileCounts) -> String {
    "\(tiles.full) full, \(tiles.partial) partial, \(tiles.skipped) skipped"
  }

  private static func box(_ sides: [Int]) -> String {
    sides.map(String.init).joined(separator: "×")
  }
}
