/// How the vectors of a tensor lie in memory: as elements, or as codes with parameters.
package enum VectorStorage: Sendable, Hashable, Codable {
  /// Elements of f32, f16 or bf16.
  case plain(DType)
  /// Codes; `channels` and `parameters` of the format are not nil.
  case quantized(QuantizationFormat)

  /// Vectors of `dim` elements in `format`.
  /// - Parameter elements: type of the parameters if the format does not say.
  /// - Throws: `unsupported` for fp8, `invalidArgument` naming what does not fit.
  package init(
    _ format: QuantizationFormat, dim: Int, elements: DType
  ) throws(TesseraError) {
    guard format.code != .fp8 else {
      throw .unsupported(
        "fp8 codes, which need a device whose kernels convert 8-bit floats; int8 and int4 need none")
    }
    var format = format
    let channels = format.channels ?? dim
    format.channels = channels
    format.parameters = format.parameters ?? elements
    guard dim > 0, dim <= AttentionProblem.largestHeadDim, dim % 8 == 0 else {
      throw .invalidArgument(
        "head dimension of \(format.code.rawValue) vectors", got: dim,
        allowed: "a multiple of 8, at most \(AttentionProblem.largestHeadDim)")
    }
    guard channels == 1 || channels > 0 && channels % 8 == 0, dim % channels == 0 else {
      throw .invalidArgument(
        "channels of a group", got: channels,
        allowed: "1, or a multiple of 8 that divides the head dimension, \(dim)")
    }
    guard format.tokens >= 1 else {
      throw .invalidArgument("tokens of a group", got: format.tokens, allowed: "1 or more")
    }
    guard let parameters = format.parameters, AttentionProblem.dtypes.contains(parameters) else {
      throw .invalidArgument(
        "parameters' element type", got: format.parameters?.rawValue ?? "none",
        allowed: "f32, f16 or bf16")
    }
    self = .quantized(format)
  }

  /// The format of codes; nil of elements.
  package var format: QuantizationFormat? {
    if case .quantized(let format) = self { format } else { nil }
  }
  /// Type of what the main tensor holds.
  package var dtype: DType {
    if case .plain(let dtype) = self { dtype } else { .u8 }
  }
  /// Type of scale and zero; f32 where there are none.
  package var parameterDType: DType { format?.parameters ?? .f32 }
  /// Tokens that share parameters.
  package var tokens: Int { format?.tokens ?? 1 }
  /// Channels that share parameters; 0 of elements.
  package var channels: Int { format?.channels ?? 0 }

  /// Extent of the main tensor's last axis, for vectors of `dim` elements.
  package func codes(of dim: Int) -> Int { format?.code == .int4 ? dim / 2 : dim }
  /// Elements of a vector of which the main tensor's last axis has `codes`.
  package func vector(of codes: Int) -> Int { format?.code == .int4 ? 2 * codes : codes }
  /// Bytes of a vector of `dim` elements, parameters included.
  package func bytes(of dim: Int) -> Double {
    guard let format else { return Double(dim * dtype.byteCount) }
    let groups = Double(dim / max(channels, 1)) / Double(format.tokens)
    return Double(codes(of: dim)) + groups * Double(2 * parameterDType.byteCount)
  }
  /// Shape of the parameters of vectors `[lead.., N, H, dim]`; `[0]` of elements.
  package func parameterDimensions(_ dimensions: [Int]) -> [Int] {
    guard channels > 0, dimensions.count >= 3 else { return [0] }
    let (lead, last) = (dimensions.dropLast(3), dimensions.suffix(3))
    let axes = Array(last)
    return lead + [axes[0] / tokens, axes[1], axes[2] / channels, 2]
  }
}
