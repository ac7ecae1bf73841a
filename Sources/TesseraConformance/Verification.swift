package import TesseraCore
package import TesseraReference

/// How a result compares with the f64 oracle.
package struct Verification: Sendable, Codable, Hashable {
  /// Whether every error is inside its bound.
  package var passed: Bool
  /// `RMS(x − gold) / RMS(gold)` over everything.
  package var rms: Double
  /// The same for the worst row.
  package var worstRow: Double
  /// Largest error divided by its elementwise bound; at most 1 passes.
  package var maxRatio: Double
  /// One line for people.
  package var summary: String

  package init(_ verdicts: [(name: String, verdict: Judge.Verdict)]) {
    passed = verdicts.allSatisfy(\.verdict.passed)
    rms = verdicts.map(\.verdict.report.total).max() ?? 0
    worstRow = verdicts.map(\.verdict.report.worstRow).max() ?? 0
    maxRatio = verdicts.map(\.verdict.report.boundRatio).max() ?? 0
    summary = verdicts.map { "\($0.name): \($0.verdict)" }.joined(separator: "; ")
  }
}

/// Compares results with the f64 oracle, on the stored inputs.
package enum Verifier {
  /// Judges `d` of a matrix product by its elementwise bound.
  package static func gemm(
    _ problem: GEMMProblem, a: HostTensor, b: HostTensor, c: HostTensor?, bias: HostTensor?,
    d: HostTensor
  ) -> Verification {
    let gold = Reference.gemm(
      problem, a: a.doubles(), b: b.doubles(), c: c?.doubles(), bias: bias?.doubles())
    return Verification([
      ("d", Judge.gemm(problem, d.doubles(), gold: gold.d, magnitude: gold.magnitude))
    ])
  }

  /// Judges `o` and `lse` of a neighborhood attention.
  package static func neighborhoodAttention(
    _ problem: NeighborhoodProblem, q: HostTensor, k: HostTensor, v: HostTensor,
    extraK: HostTensor?, extraV: HostTensor?, o: HostTensor, lse: HostTensor
  ) throws(TesseraError) -> Verification {
    let inputs = [q, k, v].map { $0.doubles() }
    let (extraK, extraV) = (extraK?.doubles() ?? [], extraV?.doubles() ?? [])
    let gold = Reference.neighborhoodAttention(
      problem, q: inputs[0], k: inputs[1], v: inputs[2], extraK: extraK, extraV: extraV)
    let plain = Reference.plainNeighborhoodAttention(
      problem, q: inputs[0], k: inputs[1], v: inputs[2], extraK: extraK, extraV: extraV)
    return Verification([
      ("o", Judge.attention(problem, o.doubles(), gold: gold, plain: plain)),
      ("lse", Judge.logSumExp(problem, lse.doubles(), gold: gold)),
    ])
  }
}
