import ArgumentParser
import Tessera
import TesseraKernels

/// Which tiles `tessera plan` simulates, and for which pass.
struct SimulationOptions: ParsableArguments {
  @Flag(help: "Plan the gradients.") var backward = false
  @Option(help: "Queries of a tile along each axis: 8,8. Default: those of the plan.")
  var queryTile: IntList?
  @Option(help: "Keys of a tile along each axis. Default: those of the plan.")
  var keyTile: IntList?
  @Option(help: "Tokens of a tile, or of a query and a key tile: 64 or 64,128, laid in the best boxes.")
  var tile: IntList?
  @Option(help: "What the device computes, in TFLOP/s, for a lower bound on time.")
  var tflops: Double?
  @Option(help: "What the device moves, in GB/s, for a lower bound on time.") var gbps: Double?

  func validate() throws {
    guard (queryTile == nil) == (keyTile == nil), queryTile == nil || tile == nil else {
      throw ValidationError("allowed either --query-tile with --key-tile, or --tile")
    }
    if let tile, tile.values.count > 2 {
      throw ValidationError("--tile: got \(tile.values), allowed one value or two")
    }
    for (name, rate) in [("--tflops", tflops), ("--gbps", gbps)] {
      if let rate, !(rate > 0 && rate.isFinite) {
        throw ValidationError("\(name): got \(rate), allowed a number above 0")
      }
    }
  }

  /// Plans, simulates, and prints both. A plan there is no kernel for yet leaves the simulation.
  func report(
    _ operation: String, _ problem: some Encodable, _ simulator: NeighborhoodSimulator,
    on device: Device, json: Bool, plan makePlan: () throws(TesseraError) -> Plan
  ) throws {
    var plan: Plan?
    var missing: String?
    do {
      plan = try makePlan()
    } catch {
      guard error.code == .unsupported else { throw error }
      missing = "\(error)"
    }
    let (simulation, source) = try simulate(simulator, plan)
    let report = SimulationReport(
      simulation, tilesFrom: source, advice: NeighborhoodAdvisor(simulator, simulation).advice(),
      backward: backward, tflops: tflops, gbps: gbps)
    try PlanPrinter.print(operation, plan, missing: missing, problem, report, device, json: json)
  }

  /// The tiles asked for, else those of the plan, else tiles of 64 tokens.
  private func simulate(
    _ simulator: NeighborhoodSimulator, _ plan: Plan?
  ) throws(TesseraError) -> (TileSimulation, SimulationReport.TileSource) {
    if let queryTile, let keyTile {
      let shape = TileShape(queryTile: queryTile.values, keyTile: keyTile.values)
      return (try simulator.simulate(shape), .options)
    }
    if tile == nil, let shape = plan?.tileShape {
      return (
        try simulator.simulate(
          simulator.ownShape(shape),
          inverse: plan?.inverseTileShape.map { simulator.ownShape($0) }),
        .plan
      )
    }
    let volumes = tile?.values ?? [64]
    let boxes = try simulator.bestBoxes(
      queries: volumes[0], keys: volumes[volumes.count - 1])
    return (
      try simulator.simulate(queryTile: boxes.queryTile, keyTile: boxes.keyTile),
      tile == nil ? .default : .options
    )
  }
}
