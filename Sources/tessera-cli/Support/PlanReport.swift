import TesseraHAL
import TesseraKernels

/// A plan as it is printed.
struct PlanReport: Encodable {
  var kernel: String
  var kernels: [String]
  var tier: String
  var schedule: String
  var tile: [Int]
  var tiles: Plan.TileCounts?
  var dispatches: Int
  var groups: Int
  var scratchBytes: Int
  var flopsNeeded: Double
  var flopsDone: Double
  var bytes: Double
  var notes: [String]

  init(_ plan: Plan) {
    kernel = plan.kernels.last?.description ?? "none"
    kernels = plan.kernels.map(\.description)
    tier = plan.tier
    schedule = plan.schedule
    tile = plan.tile
    tiles = plan.tiles
    dispatches = plan.dispatches.count
    groups = plan.dispatches.reduce(0) { $0 + $1.grid.count }
    scratchBytes = plan.scratchBytes
    flopsNeeded = plan.flopsNeeded
    flopsDone = plan.flopsDone
    bytes = plan.bytes
    notes = plan.notes
  }

  func printText() {
    for (index, kernel) in kernels.enumerated() { print("kernel \(index): \(kernel)") }
    print("tier: \(tier)")
    print("schedule: \(schedule), tile \(tile), \(dispatches) dispatches, \(groups) workgroups")
    if let tiles {
      print("tiles: \(tiles.full) full, \(tiles.partial) partial, \(tiles.skipped) skipped")
    }
    print(
      "operations: \(Format.number(flopsNeeded)) needed, \(Format.number(flopsDone)) done"
        + (flopsNeeded > 0 ? " (\(Format.fixed(flopsDone / flopsNeeded, 2))×)" : ""))
    print("bytes: \(Format.number(bytes)) at least; scratch \(Format.bytes(scratchBytes))")
    for note in notes { print("note: \(note)") }
  }
}
