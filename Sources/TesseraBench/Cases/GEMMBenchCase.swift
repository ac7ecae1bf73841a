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

  package func setup(_ runner: BenchRunner) throws(TesseraError) -> CaseSetup {
    let bench = try GEMMBench(
      m: m, n: n, k: k, batch: batch, transposeA: transposeA, transposeB: transposeB, dtype: dtype)
    let device = runner.device
    let prepared = try device.preparedPlan(bench.problem)
    let subject = try bench.subject(prepared, on: device)
    var setup = CaseSetup(subject: subject, plan: prepared.plan)
    setup.span = device.info.kind == "gpu" ? Self.span : nil
    guard runner.peers || runner.candidates else { return setup }
    setup.makePeers = { report throws(TesseraError) in
      try peers(bench, report, prepared.plan, runner)
    }
    return setup
  }

  package func tuning() throws(TesseraError) -> TuningProblem? {
    let bench = try GEMMBench(
      m: m, n: n, k: k, batch: batch, transposeA: transposeA, transposeB: transposeB, dtype: dtype)
    return TuningProblem(.gemm(bench.problem)) { prepared, device throws(TesseraError) in
      try bench.subject(prepared, on: device)
    }
  }

  /// Seconds that the products of one sample take together on a GPU.
  private static let span = 3e-3

  /// The naive kernel and other libraries, over the data of the examination.
  private func peers(
    _ bench: GEMMBench, _ report: Examination.Report, _ plan: Plan, _ runner: BenchRunner
  ) throws(TesseraError) -> PeerSet {
    let (device, ranges) = (runner.device, report.ranges)
    var set = PeerSet()
    for other in runner.candidates
      ? try GEMMPlanner.candidates(bench.problem, device.context.capabilities).dropFirst() : []
    where other.tier == plan.tier {
      let prepared = try PlanExecutor.prepare(other, on: device.context)
      let name = "\(other.tile) \(other.kernels[0]["STAGES"] ?? 0) \(other.notes.first ?? "")"
      set.contenders.append(
        Contender(name: name, on: device) { () throws(TesseraError) in
          try PlanExecutor.execute(prepared, operands: ranges, on: device.context)
        })
    }
    if runner.runs("naive"), let naive = try naivePlan(bench.problem, device) {
      set.contenders.append(
        Contender(name: "naive", on: device) { () throws(TesseraError) in
          try PlanExecutor.execute(naive, operands: ranges, on: device.context)
        })
    }
    guard let a = report.inputs[0], let b = report.inputs[1] else { return set }
    for peer in [OpenBLASPeer.self, CLBlastPeer.self, TorchPeer.self] as [any GEMMPeer.Type]
    where runner.runs(peer.name) {
      switch peer.contender(bench.problem, a: a, b: b, beside: device) {
      case .failure(let absence): set.notRun[peer.name] = absence.reason
      case .success(let (contender, result)):
        // A peer that is wrong is no peer: its time would be of something else.
        do throws(TesseraError) {
          _ = try contender.run()
          let check = try bench.verify(a, b, try result(), few: true)
          if check.passed {
            set.contenders.append(contender)
          } else {
            set.notRun[peer.name] = "its result is wrong: \(check.summary)"
          }
        } catch {
          set.notRun[peer.name] = error.message
        }
      }
    }
    return set
  }

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
