/// Vectors turned into codes with parameters, or back; the rule is `QuantizationFormat`'s.
///
/// Elements `[.., N, H, D]`, codes and parameters as the format says.
package struct QuantizationProblem: Sendable, Hashable, Codable {
  /// What is before the axis of tokens.
  package var lead: [Int]
  /// Tokens, N.
  package var tokens: Int
  package var heads: Int
  package var headDim: Int
  package var storage: VectorStorage
  /// Type of the elements: f32, f16 or bf16.
  package var dtype: DType
  /// Whether codes become elements.
  package var decoding: Bool

  /// Describes codes for the elements `x`, or with `decoding` elements of `x`'s shape and type from them.
  /// - Throws: `invalidArgument` naming what does not fit, `unsupported` for fp8.
  package init(
    x: (shape: Shape, dtype: DType), _ format: QuantizationFormat, decoding: Bool
  ) throws(TesseraError) {
    guard x.shape.rank >= 3 else {
      throw .invalidArgument("x", got: "shape \(x.shape)", allowed: "[.., N, H, D]")
    }
    guard AttentionProblem.dtypes.contains(x.dtype) else {
      throw .invalidArgument("x element type", got: x.dtype, allowed: "f32, f16 or bf16")
    }
    let axes = x.shape.dimensions
    lead = Array(axes.dropLast(3))
    (tokens, heads, headDim) = (x.shape[-3], x.shape[-2], x.shape[-1])
    storage = try VectorStorage(format, dim: headDim, elements: x.dtype)
    dtype = x.dtype
    self.decoding = decoding
    guard tokens % storage.tokens == 0 else {
      throw .invalidArgument(
        "tokens of a group", got: storage.tokens, allowed: "a divisor of the \(tokens) tokens")
    }
  }

  /// Describes the elements of type `dtype` of given codes.
  /// - Throws: as the other.
  package init(
    codes: (shape: Shape, dtype: DType), parameters: (shape: Shape, dtype: DType),
    _ format: QuantizationFormat, as dtype: DType
  ) throws(TesseraError) {
    guard codes.dtype == .u8, codes.shape.rank >= 3 else {
      throw .invalidArgument(
        "codes", got: "\(codes.dtype) of shape \(codes.shape)",
        allowed: "u8 [.., N, H, D], or [.., N, H, D/2] of int4")
    }
    guard format.parameters ?? parameters.dtype == parameters.dtype else {
      throw .invalidArgument(
        "parameters' element type", got: parameters.dtype,
        allowed: "that of the format, \(format.parameters ?? parameters.dtype)")
    }
    var format = format
    format.parameters = parameters.dtype
    var axes = codes.shape.dimensions
    if format.code == .int4 { axes[axes.count - 1] *= 2 }
    try self.init(x: (try Shape(axes), dtype), format, decoding: true)
    guard parameters.shape.dimensions == parameterDimensions else {
      throw .invalidArgument(
        "parameters", got: "shape \(parameters.shape)", allowed: "\(parameterDimensions)")
    }
  }

  /// Elements' shape.
  package var dimensions: [Int] { lead + [tokens, heads, headDim] }
  /// Codes' shape.
  package var codeDimensions: [Int] { lead + [tokens, heads, storage.codes(of: headDim)] }
  /// Parameters' shape.
  package var parameterDimensions: [Int] { storage.parameterDimensions(dimensions) }
  /// Tokens of all leading axes.
  package var allTokens: Int { lead.reduce(tokens, *) }
}
