import Tessera

/// A linear layer: `y = act(x·Wᵀ + b)`, or `x·Wᵀ + b + residual`, in one product.
struct Linear: Sendable {
  /// `[out, in]`.
  let weight: Tensor
  /// `[out]`.
  let bias: Tensor

  init(_ folder: ModelFolder, _ name: String, from input: Int, to output: Int, on device: Device)
    throws
  {
    weight = try Tensor(folder.weights(name + ".weight", try Shape([output, input])), on: device)
    bias = try Tensor(folder.weights(name + ".bias", try Shape([output])), on: device)
  }

  /// - Parameters:
  ///   - x: `[T, in]`.
  ///   - activation: applied last.
  ///   - residual: `[T, out]`, added.
  /// - Returns: `[T, out]`.
  func callAsFunction(
    _ x: Tensor, activation: Activation = .none, adding residual: Tensor? = nil
  ) throws(TesseraError) -> Tensor {
    try x.device.gemm(
      x, weight, transposeB: true,
      epilogue: GEMMEpilogue(
        beta: residual == nil ? 0 : 1, c: residual, bias: bias, activation: activation))
  }
}
