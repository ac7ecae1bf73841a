package import TesseraCore
import TesseraReference

extension Verifier {
  /// Judges codes and parameters of the elements `x`.
  package static func quantization(
    _ problem: QuantizationProblem, x: HostTensor, codes: HostTensor, parameters: HostTensor
  ) -> Verification {
    Verification(
      Judge.quantization(
        problem, x: x.doubles(), codes: codes.doubles(), parameters: parameters.doubles()))
  }

  /// Judges elements of codes.
  package static func dequantization(
    _ problem: QuantizationProblem, codes: HostTensor, parameters: HostTensor, x: HostTensor
  ) -> Verification {
    Verification([
      (
        "x",
        Judge.dequantization(
          problem, x.doubles(), codes: codes.doubles(), parameters: parameters.doubles())
      )
    ])
  }
}
