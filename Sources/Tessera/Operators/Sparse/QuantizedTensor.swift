package import TesseraCore

/// Vectors in few bits: codes with the parameters of their groups.
public struct QuantizedTensor: Sendable {
  /// What codes and parameters mean.
  public let format: QuantizationFormat
  /// u8 `[.., N, H, D]`, of int4 `[.., N, H, D/2]`.
  public let codes: Tensor
  /// Scale and zero of every group, `[.., N/tokens, H, D/channels, 2]`, of f32, f16 or bf16.
  public let parameters: Tensor

  /// Codes made elsewhere. Operators check shapes and types against what they are used with.
  public init(format: QuantizationFormat, codes: Tensor, parameters: Tensor) {
    self.format = format
    self.codes = codes
    self.parameters = parameters
  }

  /// Bytes of codes and parameters.
  public var byteCount: Int {
    codes.shape.elementCount + parameters.shape.elementCount * parameters.dtype.byteCount
  }

  var description: PagedProblem.CodeDescription {
    (format, (parameters.shape, parameters.dtype))
  }
}
