package import TesseraCore
import TesseraReference

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
}
