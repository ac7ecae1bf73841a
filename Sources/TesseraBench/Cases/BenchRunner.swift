package import Tessera
import TesseraConformance
package import TesseraCore
import TesseraKernels
import TesseraReference
import TesseraRuntime

/// Verifies and times cases on one device.
package final class BenchRunner {
  package let device: Device
  private let seconds: Double?
  private let seed: UInt64
  private let peers: Bool
  /// Copy bandwidth of the device in bytes per second, measured once per run.
  package let copyBandwidth: Double

  /// - Parameters:
  ///   - seconds: time for the samples of one row; nil takes what suits the device.
  ///   - peers: whether to run other libraries and the naive kernel beside ours.
  package init(
    device: Device, seconds: Double? = nil, peers: Bool = true, seed: UInt64 = 1
  ) throws(TesseraError) {
    self.device = device
    self.seconds = seconds
    self.peers = peers
    self.seed = seed
    copyBandwidth = try Ceilings.copyBandwidth(of: device)
  }

  /// Verifies the case with fresh random data, then times it.
  package func run(_ benchCase: BenchCase) throws(TesseraError) -> BenchRow {
    switch benchCase {
    case .gemm(let m, let n, let k, let batch, let transposeA, let transposeB, let dtype):
      try runGEMM(
        benchCase,
        GEMMBench(
          m: m, n: n, k: k, batch: batch, transposeA: transposeA, transposeB: transposeB,
          dtype: dtype, seed: seed))
    case .neighborhood: try runNeighborhood(benchCase)
    }
  }

  private func runGEMM(_ benchCase: BenchCase, _ bench: GEMMBench) throws(TesseraError) -> BenchRow {
    let problem = bench.problem
    let prepared = try device.preparedPlan(problem)
    let (a, b) = (try Tensor(bench.a, on: device), try Tensor(bench.b, on: device))
    let d = try Tensor(
      uninitialized: try Shape(problem.outputDimensions), dtype: problem.d.dtype, on: device)
    try device.context.fill(
      BufferRange(d.allocation, offset: 0, byteCount: (d.allocation.byteCount + 3) & ~3),
      pattern: 0xFFFF_FFFF)
    let operands = [
      try a.contiguousRange("a"), try b.contiguousRange("b"), nil, nil, try d.contiguousRange("d"),
    ]
    let context = device.context
    let execute = { (plan: PreparedPlan) throws(TesseraError) in
      try PlanExecutor.execute(plan, operands: operands, on: context)
    }
    try execute(prepared)
    let verification = try bench.verify(try d.host())
    var row = base(benchCase, plan: prepared.plan, verification)
    guard verification.passed else { return row }

    var contenders = [Contender(name: "tessera", on: device) { () throws(TesseraError) in try execute(prepared) }]
    if peers {
      if let naive = try naivePlan(problem) {
        contenders.append(Contender(name: "naive", on: device) { () throws(TesseraError) in try execute(naive) })
      }
      for peer in [OpenBLASPeer.self, CLBlastPeer.self] as [any GEMMPeer.Type] {
        switch peer.contender(problem, a: bench.a, b: bench.b, beside: device) {
        case .failure(let absence): row.notRun[peer.name] = absence.reason
        case .success(let (contender, result)):
          // A peer that is wrong is no peer: its time would be of something else.
          _ = try contender.run()
          let check = try bench.verify(try result())
          if check.passed {
            contenders.append(contender)
          } else {
            row.notRun[peer.name] = "its result is wrong: \(check.summary)"
          }
        }
      }
    }
    try time(&row, contenders, prepared.plan)
    return row
  }

  /// The one-output-per-invocation kernel, where it takes bearable time.
  private func naivePlan(_ problem: GEMMProblem) throws(TesseraError) -> PreparedPlan? {
    guard device.info.backend != .cpu, device.info.kind == "gpu" || problem.flops < 3e9,
      problem.flops < 2e11
    else { return nil }
    let plan = try GEMMPlanner.naive(problem, device.context.capabilities)
    return try PlanExecutor.prepare(plan, on: device.context)
  }

  private func runNeighborhood(_ benchCase: BenchCase) throws(TesseraError) -> BenchRow {
    let bench = try NeighborhoodBench(benchCase, seed: seed)
    let problem = bench.problem
    let prepared = try device.preparedPlan(problem)
    let tensors = [
      try Tensor(bench.q, on: device), try Tensor(bench.k, on: device), try Tensor(bench.v, on: device),
    ]
    let o = try Tensor(
      uninitialized: try Shape(problem.outputDimensions), dtype: problem.outputDType, on: device)
    let lse = try Tensor(uninitialized: try Shape(problem.lseDimensions), dtype: .f32, on: device)
    for tensor in [o, lse] {
      try device.context.fill(
        BufferRange(tensor.allocation, offset: 0, byteCount: (tensor.allocation.byteCount + 3) & ~3),
        pattern: 0xFFFF_FFFF)
    }
    let operands: [BufferRange?] = [
      try tensors[0].contiguousRange("q"), try tensors[1].contiguousRange("k"),
      try tensors[2].contiguousRange("v"), nil, nil, nil, nil, try o.contiguousRange("o"),
      try lse.contiguousRange("lse"),
    ]
    let context = device.context
    try PlanExecutor.execute(prepared, operands: operands, on: context)
    let verification = try bench.verify(o: try o.host(), lse: try lse.host())
    var row = base(benchCase, plan: prepared.plan, verification)
    guard verification.passed else { return row }
    try time(
      &row,
      [
        Contender(name: "tessera", on: device) { () throws(TesseraError) in
          try PlanExecutor.execute(prepared, operands: operands, on: context)
        }
      ], prepared.plan)
    return row
  }

  private func time(
    _ row: inout BenchRow, _ contenders: [Contender], _ plan: Plan
  ) throws(TesseraError) {
    let budget = Measurement.Budget.standard(
      for: device, seconds: seconds.map { $0 * Double(contenders.count) })
    let samples = try Measurement.interleaved(contenders, budget: budget)
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

  private func base(
    _ benchCase: BenchCase, plan: Plan, _ verification: Verification
  ) -> BenchRow {
    let kernels = device.kernelStatistics
    return BenchRow(
      op: benchCase.operation, title: benchCase.title, case: benchCase.parameters, dtype: benchCase.dtype.rawValue,
      backend: device.info.backend.rawValue, device: device.info.name, driver: device.info.driver,
      plan: .init(
        kernel: plan.kernels.last?.name ?? "none", tier: "portable", schedule: plan.schedule,
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
