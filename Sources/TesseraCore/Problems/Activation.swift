/// The function applied to each element at the end of a GEMM.
public enum Activation: String, Sendable, Hashable, Codable, CaseIterable {
  /// `x`
  case none
  /// `max(x, 0)`; NaN stays NaN.
  case relu
  /// `x/2 · (1 + erf(x/√2))`
  case gelu
  /// `x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³)))`
  case geluTanh = "gelu-tanh"
  /// `x / (1 + exp(−x))`
  case silu
}
