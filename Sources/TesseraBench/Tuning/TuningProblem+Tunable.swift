package import Tessera
import TesseraCore
import TesseraKernels

extension TuningProblem {
  /// A problem that an operator was asked for; nil where random data for it cannot be made: products
  /// with an epilogue or with operands of several types, packed or extended attention.
  package init?(_ tunable: Device.Tunable) throws(TesseraError) {
    let problem: TuningProblem?
    switch tunable {
    case .gemm(let asked):
      let plain = GEMMBenchCase(
        m: asked.m, n: asked.n, k: asked.k, batch: asked.batchCount,
        transposeA: asked.transposeA, transposeB: asked.transposeB, dtype: asked.a.dtype)
      problem = try plain.tuning()
    case .attention(let asked):
      guard !asked.packed, !asked.alibi else { return nil }
      problem = AttentionBench(attention: .dense(asked), backward: false, peer: nil).tuning(tunable)
    case .neighborhood(let asked):
      guard asked.extensions == nil, asked.extraKeys == 0 else { return nil }
      problem = AttentionBench(attention: .neighborhood(asked), backward: false, peer: nil)
        .tuning(tunable)
    }
    guard let problem, problem.tunable.key == tunable.key else { return nil }
    self = problem
  }
}

extension Tuner {
  /// For `Device.Configuration`: measures within a second or so what an operator is asked for.
  package static let onDemand: Device.Tuner = { tunable, device throws(TesseraError) in
    guard let problem = try TuningProblem(tunable) else { return nil }
    var limits = Limits()
    limits.seconds = 1
    limits.rounds = 4
    return try Tuner(on: device, limits: limits).measure(problem)
  }
}
