import Tessera
import TesseraConformance
package import TesseraCore
import TesseraKernels
import TesseraRuntime

/// A plain product; C is absent, alpha 1.
package struct GEMMBenchCase: BenchCase {
  package var m: Int
  package var n: Int
  package var k: Int
  package var batch = 1
  package var transposeA = false
  package var transposeB = false
  package var dtype: DType

  package init(
    m: Int, n: Int, k: Int, batch: Int = 1, transposeA: Bool = false, transposeB: Bool = false,
    dtype: DType
  ) {
    self.m = m
    self.n = n
    self.k = k
    self.batch = batch
    self.transposeA = transposeA
    self.transposeB = transposeB
    self.dtype = dtype
  }

  package var operation: String { "gemm" }

  package var parameters: [String: BenchRow.Value] {
    [
      "m": .int(m), "n": .int(n), "k": .int(k), "batch": .int(batch),
      "transposeA": .bool(transposeA), "transposeB": .bool(transposeB),
    ]
  }

  package var title: String {
    (batch > 1 ? "\(batch)× " : "") + "\(m)×\(n)×\(k) " + (transposeA ? "t" : "n")
      + (transposeB ? "t" : "n")
  }

  package func row(_ runner: BenchRunner) throws(TesseraError) -> BenchRow {
    let bench = try GEMMBench(
      m: m, n: n, k: k, batch: batch, transposeA: transposeA, transposeB: transposeB, dtype: dtype,
      seed: runner.seed)
    let (device, problem) = (runner.device, bench.problem)
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
    var row = runner.base(self, plan: prepared.plan, verification)
    guard verification.passed else { return row }

    var contenders = [Contender(name: "tessera", on: device) { () throws(TesseraError) in try execute(prepared) }]
    if runner.runs("naive"), let naive = try naivePlan(problem, device) {
      contenders.append(
        Contender(name: "naive", on: device) { () throws(TesseraError) in try execute(naive) })
    }
    if runner.candidates {
      for plan in try GEMMPlanner.candidates(problem, context.capabilities).dropFirst()
      where plan.tier != "portable" || prepared.plan.tier == "portable" {
        guard let other = try? PlanExecutor.prepare(plan, on: context) else { continue }
        let tile = plan.tile.map { String($0) }.joined(separator: "x")
        let parts = plan.dispatches[0].grid.y
        contenders.append(
          Contender(name: "\(plan.tier) \(tile) \(plan.schedule) \(parts) \(plan.scratchBytes >> 20)", on: device) {
            () throws(TesseraError) in try execute(other)
          })
      }
    }
    for peer in [OpenBLASPeer.self, CLBlastPeer.self, TorchPeer.self] as [any GEMMPeer.Type]
    where runner.runs(peer.name) {
      switch peer.contender(problem, a: bench.a, b: bench.b, beside: device) {
      case .failure(let absence): row.notRun[peer.name] = absence.reason
      case .success(let (contender, result)):
        // A peer that is wrong is no peer: its time would be of something else.
        do throws(TesseraError) {
          _ = try contender.run()
          let check = try bench.verify(try result())
          if check.passed {
            contenders.append(contender)
          } else {
            row.notRun[peer.name] = "its result is wrong: \(check.summary)"
          }
        } catch {
          row.notRun[peer.name] = error.message
        }
      }
    }
    try runner.time(
      &row, contenders, prepared.plan, span: device.info.kind == "gpu" ? Self.span : nil)
    return row
  }

  /// Seconds that the products of one sample take together on a GPU.
  private static let span = 3e-3

  /// The one-output-per-invocation kernel, where it takes bearable time.
  private func naivePlan(
    _ problem: GEMMProblem, _ device: Device
  ) throws(TesseraError) -> PreparedPlan? {
    guard device.info.backend != .cpu, device.info.kind == "gpu" || problem.flops < 3e9,
      problem.flops < 2e11
    else { return nil }
    let plan = try GEMMPlanner.naive(problem, device.context.capabilities)
    return try PlanExecutor.prepare(plan, on: device.context)
  }
}
