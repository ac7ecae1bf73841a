public import ArgumentParser
public import Tessera

extension QuantizationFormat.Code: ExpressibleByArgument {}

/// Options that say how vectors become codes.
struct QuantizationOptions: ParsableArguments {
  @Option(help: "Code of an element: int8 or int4. fp8 needs hardware that no driver here offers, and is refused.")
  var code = QuantizationFormat.Code.int8
  @Option(help: "Consecutive tokens that share a scale and zero.") var groupTokens = 1
  @Option(help: "Channels that share them: 1, or a multiple of 8. Default: all of a head.")
  var groupChannels: Int?
  @Option(help: "Type of scale and zero: f32, f16 or bf16. Default: that of the input.")
  var parameters: DType?

  var format: QuantizationFormat {
    QuantizationFormat(
      code, tokens: groupTokens, channels: groupChannels, parameters: parameters)
  }
}

extension QuantizationFormat {
  /// The format of given codes: groups follow from the shapes of codes and parameters.
  /// - Throws: `invalidArgument` if these do not fit each other.
  init(
    _ code: Code, codes: HostTensor, parameters: HostTensor, _ name: String
  ) throws(TesseraError) {
    let (c, p) = (codes.shape, parameters.shape)
    guard c.rank >= 3, p.rank == c.rank + 1, p[-1] == 2, p[-4] > 0, p[-2] > 0, c[-3] % p[-4] == 0,
      (code == .int4 ? 2 : 1) * c[-1] % p[-2] == 0
    else {
      throw .invalidArgument(
        "\(name) parameters", got: "shape \(p) for codes \(c)",
        allowed: "[.., N/tokens, H, D/channels, 2]")
    }
    self.init(
      code, tokens: c[-3] / p[-4], channels: (code == .int4 ? 2 : 1) * c[-1] / p[-2],
      parameters: parameters.dtype)
  }
}
