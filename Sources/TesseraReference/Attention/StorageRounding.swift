import TesseraCore

extension DType {
  /// `x` as the nearest number of a storage type, ties to even.
  func nearest(_ x: Double) -> Double {
    switch self {
    #if !((os(macOS) || targetEnvironment(macCatalyst)) && arch(x86_64))
    case .f16: Double(Float16(Float(x)))
    #endif
    case .bf16: Double(BFloat16(Float(x)).floatValue)
    case .f32: Double(Float(x))
    default: x
    }
  }
}

extension AttentionGradients {
  /// These gradients as a program stores them: those of tensors in `dtype`, of the bias and of
  /// sinks in f32.
  func stored(as dtype: DType) -> AttentionGradients {
    var result = self
    for path in [
      \AttentionGradients.dq, \.dk, \.dv, \.dExtraK, \.dExtraV,
    ] as [WritableKeyPath<AttentionGradients, Gradient>] {
      result[keyPath: path].values = self[keyPath: path].values.map(dtype.nearest)
    }
    result.dBias.values = dBias.values.map(DType.f32.nearest)
    result.dSinks.values = dSinks.values.map(DType.f32.nearest)
    return result
  }
}
