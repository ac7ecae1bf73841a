/// How vectors of keys or values are stored in few bits.
///
/// The elements of a *group*, `tokens` consecutive tokens × `channels` channels of one head, share a scale
/// and a zero; an element `x` is an unsigned code `u` of 8 or 4 bits:
/// ```
/// zero  = min of the group, rounded down to `parameters`
/// scale = (max − zero) / (2^bits − 1), rounded up to `parameters`
/// u     = round((x − zero) / scale), 0 where scale is 0        x̂ = u·scale + zero
/// ```
/// Both roundings make the codes reach every element, so that `|x − x̂| ≤ scale/2` in any type of
/// parameters, and a constant group whose value the type holds comes back exactly. Elements must be finite
/// and within the range of `parameters`; a group with others gets codes without a meaning.
///
/// Codes are u8 `[.., N, H, D]`, of int4 `[.., N, H, D/2]` with channel `2i` in the low half of byte `i` and
/// channel `2i + 1` in the high half. Parameters are `[.., N/tokens, H, D/channels, 2]`, scale before zero.
/// A vector of D = 128 with one scale and zero in 16 bits takes 8.25 or 4.25 bits per element.
///
/// Sources: Zhang et al., "Efficient Mixed-Precision Large Language Model Inference with TurboMind" (2025) for
/// parameters per token and head; Liu et al., "COMET" (2025) for groups of tokens with parameters per channel.
public struct QuantizationFormat: Sendable, Hashable, Codable {
  /// What one element becomes.
  public enum Code: String, Sendable, Hashable, Codable, CaseIterable {
    /// Eight bits between the group's smallest and largest element.
    case int8
    /// Four bits.
    case int4
    /// E4M3 numbers times a scale. Refused as `unsupported`: no back-end's drivers convert them.
    case fp8
  }

  /// The code of an element.
  public var code: Code
  /// Consecutive tokens of a group; divides their number, of a paged cache the page size.
  public var tokens: Int
  /// Channels of a group: 1 or a multiple of 8 that divides D; all of them if nil.
  public var channels: Int?
  /// Storage type of scale and zero: f32, f16 or bf16; that of the elements if nil.
  public var parameters: DType?

  /// A format with parameters for groups of `tokens` × `channels` elements.
  public init(_ code: Code, tokens: Int = 1, channels: Int? = nil, parameters: DType? = nil) {
    self.code = code
    self.tokens = tokens
    self.channels = channels
    self.parameters = parameters
  }

  /// One scale and zero per token and head.
  public static func perToken(_ code: Code, parameters: DType? = nil) -> QuantizationFormat {
    QuantizationFormat(code, parameters: parameters)
  }

  /// One scale and zero per channel of `tokens` consecutive tokens.
  public static func perChannel(
    _ code: Code, tokens: Int, parameters: DType? = nil
  ) -> QuantizationFormat {
    QuantizationFormat(code, tokens: tokens, channels: 1, parameters: parameters)
  }

  /// Bits of a code.
  public var bits: Int { code == .int4 ? 4 : 8 }
}
