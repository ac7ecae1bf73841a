/// What bounds a measured row, and what would change that.
package struct Explanation: Sendable, Codable {
  package enum Verdict: String, Sendable, Codable {
    case bandwidth, arithmetic, latency, launch
    case tileWaste = "tile waste"
    case failed
  }

  package var op: String
  package var title: String
  package var dtype: String
  package var device: String
  package var verdict: Verdict
  /// Shares of the measured time that the bytes, the operations needed, and the operations done would take
  /// at the device's ceilings.
  package var bandwidthShare: Double
  package var neededShare: Double
  package var doneShare: Double
  /// The evidence in one sentence, and what to change.
  package var reason: String
  package var advice: String

  /// nil for rows that are no operator or have no ceilings.
  package init?(_ row: BenchRow) {
    (op, title, dtype) = (row.op, row.title ?? "", row.dtype)
    device = Devices.name(row)
    (bandwidthShare, neededShare, doneShare) = (0, 0, 0)
    guard row.verified, let ms = row.ms?.median else {
      verdict = .failed
      reason = row.note ?? "the row has no time"
      advice = "a wrong result has no speed: tessera selftest --op \(row.op) finds a small case"
      return
    }
    guard let work = row.work, let ceilings = row.ceilings, ms > 0 else { return nil }
    let bandwidth = max(ceilings.copyGbps, max(ceilings.readGbps, ceilings.writeGbps)) * 1e6
    let peak = ceilings.fmaTflops * 1e9
    guard bandwidth > 0, peak > 0 else { return nil }
    bandwidthShare = work.bytes / bandwidth / ms
    neededShare = work.flopsNeeded / peak / ms
    doneShare = work.flopsDone / peak / ms
    let waste = work.flopsNeeded > 0 ? work.flopsDone / work.flopsNeeded : 1
    func percent(_ share: Double) -> String { "\(PlotNumber.fixed(share * 100, 0)) %" }
    if let wall = row.wall, wall.batch > 1.2 * ms, wall.record > 0.8 * wall.batch {
      verdict = .launch
      reason =
        "the host needs \(PlotNumber.short(wall.record * 1e3)) µs to record what the device does in "
        + "\(PlotNumber.short(ms * 1e3)) µs"
      advice =
        work.dispatches > 1
        ? "larger problems or batches; of \(work.dispatches) dispatches fewer would help"
        : "larger problems or batches: tessera profile finds the size from which the device is the limit"
    } else if doneShare >= 0.4, waste > 1.5 {
      verdict = .tileWaste
      reason =
        "the tiles do \(PlotNumber.fixed(waste, 1))× the operations needed, which takes \(percent(doneShare)) of the time"
      advice =
        "another window, stride or block size that fills whole tiles: tessera plan \(row.op) --tile simulates them"
    } else if bandwidthShare >= 0.4, bandwidthShare >= neededShare {
      verdict = .bandwidth
      reason = "moving the bytes once takes \(percent(bandwidthShare)) of the time"
      advice =
        row.dtype == "f32"
        ? "a 16-bit type halves the bytes; or do more with them while they are there"
        : "do more with the bytes while they are there: fuse what comes before or after"
    } else if max(neededShare, doneShare) >= 0.4 {
      verdict = .arithmetic
      reason =
        "the operations take \(percent(max(neededShare, doneShare))) of the time at the f32 peak"
      advice =
        "only fewer operations or faster units help: sparsity, or matrix units with 16-bit types"
    } else {
      verdict = .latency
      let groups = row.fingerprint.map { "\($0.computeUnits) compute units" } ?? "the device"
      reason =
        "neither bytes (\(percent(bandwidthShare))) nor operations (\(percent(doneShare))) fill the time"
      advice =
        ms < 3 * ceilings.launchMs
        ? "the work is about as long as one launch (\(PlotNumber.short(ceilings.launchMs * 1e3)) µs): batch it"
        : "more independent work for \(groups), or a kernel with more of it in flight"
    }
  }
}
