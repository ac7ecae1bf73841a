package import Tessera
import TesseraConformance
package import TesseraCore
import TesseraKernels

/// Verifies and times cases on one device.
package final class BenchRunner {
  package let device: Device
  private let seconds: Double?
  let seed: UInt64
  /// Whether other libraries and the naive kernel run beside ours.
  let peers: Bool
  /// The peers that run, by name; nil for all.
  let onlyPeers: Set<String>?
  /// Whether every legal plan is timed beside the chosen one.
  let candidates: Bool
  /// Whether dense attention runs beside neighborhood attention.
  let dense: Bool
  /// Copy bandwidth of the device in bytes per second, measured once per run.
  package let copyBandwidth: Double

  /// - Parameters:
  ///   - seconds: time for the samples of one row; nil takes what suits the device.
  ///   - peers: whether to run anything beside ours: other libraries, the naive kernel, dense attention.
  ///   - onlyPeers: the peers to run, by name; nil runs all there are.
  ///   - candidates: gemm: whether to time every plan of the chosen one's tier, too.
  ///   - dense: whether to run dense attention beside neighborhood attention.
  package init(
    device: Device, seconds: Double? = nil, peers: Bool = true, onlyPeers: Set<String>? = nil,
    candidates: Bool = false, dense: Bool = true, seed: UInt64 = 1
  ) throws(TesseraError) {
    self.device = device
    self.seconds = seconds
    self.peers = peers
    self.onlyPeers = onlyPeers
    self.candidates = candidates
    self.dense = peers && dense
    self.seed = seed
    copyBandwidth = try Ceilings.copyBandwidth(of: device)
  }

  /// Whether the peer of this name is to run.
  func runs(_ peer: String) -> Bool { peers && onlyPeers?.contains(peer) ?? true }

  /// Verifies the case with fresh random data, then times it.
  package func run(_ benchCase: some BenchCase) throws(TesseraError) -> BenchRow {
    try benchCase.row(self)
  }

  /// Times `contenders`, the first of which is ours, and fills in `row`.
  /// - Parameter span: see `Measurement.interleaved`.
  func time(
    _ row: inout BenchRow, _ contenders: [Contender], _ plan: Plan, span: Double? = nil
  ) throws(TesseraError) {
    let budget = Measurement.Budget.standard(
      for: device, seconds: seconds.map { $0 * Double(contenders.count) })
    let samples = try Measurement.interleaved(contenders, budget: budget, span: span)
    let own = Statistics(samples[0])
    row.ms = own.scaled(by: 1e3)
    row.tflops = plan.flopsNeeded / own.median * 1e-12
    row.gbps = plan.bytes / own.median * 1e-9
    row.boundMs = plan.bytes / copyBandwidth * 1e3
    row.roofline = plan.bytes / copyBandwidth / own.median
    for (index, contender) in contenders.enumerated().dropFirst() {
      let peer = Statistics(samples[index])
      row.peers[contender.name] = BenchRow.Peer(
        ms: peer.median * 1e3, ratio: peer.median / own.median, n: peer.n)
    }
  }

  /// The row of a case before it is timed.
  func base(
    _ benchCase: some BenchCase, plan: Plan, _ verification: Verification
  ) -> BenchRow {
    let kernels = device.kernelStatistics
    return BenchRow(
      op: benchCase.operation, title: benchCase.title, case: benchCase.parameters, dtype: benchCase.dtype.rawValue,
      backend: device.info.backend.rawValue, device: device.info.name, driver: device.info.driver,
      plan: .init(
        kernel: plan.kernels.last?.name ?? "none", tier: plan.tier, schedule: plan.schedule,
        tile: plan.tile),
      ms: nil, timer: device.context.capabilities.timestamps ? "device" : "host", tflops: nil,
      gbps: nil, copyGbps: copyBandwidth * 1e-9, roofline: nil, boundMs: nil,
      verified: verification.passed,
      error: .init(rms: verification.rms, maxRatio: verification.maxRatio), peers: [:], notRun: [:],
      kernels: .init(compiled: kernels.compiled, cacheHits: kernels.cacheHits),
      commit: Provenance.commit(), command: Provenance.command(), seed: seed,
      note: verification.passed ? nil : verification.summary)
  }
}
