import Tessera

/// One layer of a BERT encoder, over the tokens of several sequences, one after another:
/// ```
/// Q, K, V = x·Wqᵀ + bq, x·Wkᵀ + bk, x·Wvᵀ + bv
/// y = norm(softmax(Q·Kᵀ / √D)·V·Woᵀ + bo + x)         within each sequence
/// z = norm(gelu(y·W1ᵀ + b1)·W2ᵀ + b2 + y)
/// ```
struct EncoderLayer: Sendable {
  private let query: Linear
  private let key: Linear
  private let value: Linear
  private let output: Linear
  private let outputNorm: LayerNorm
  private let widening: Linear
  private let narrowing: Linear
  private let norm: LayerNorm
  private let configuration: Configuration

  init(_ folder: ModelFolder, _ index: Int, on device: Device) throws {
    let prefix = "encoder.layer.\(index)."
    let (hidden, wide) = (folder.configuration.hiddenSize, folder.configuration.intermediateSize)
    func linear(_ name: String, from input: Int, to output: Int) throws -> Linear {
      try Linear(folder, prefix + name, from: input, to: output, on: device)
    }
    query = try linear("attention.self.query", from: hidden, to: hidden)
    key = try linear("attention.self.key", from: hidden, to: hidden)
    value = try linear("attention.self.value", from: hidden, to: hidden)
    output = try linear("attention.output.dense", from: hidden, to: hidden)
    outputNorm = try LayerNorm(folder, prefix + "attention.output.LayerNorm")
    widening = try linear("intermediate.dense", from: hidden, to: wide)
    narrowing = try linear("output.dense", from: wide, to: hidden)
    norm = try LayerNorm(folder, prefix + "output.LayerNorm")
    configuration = folder.configuration
  }

  /// What the layer's attention takes: `[T, H, D]` each, of `x` `[T, hidden]`.
  func attentionInputs(_ x: Tensor) throws -> (q: Tensor, k: Tensor, v: Tensor) {
    let heads = try Shape([x.shape[0], configuration.heads, configuration.headDimension])
    return (
      try query(x).reshaped(to: heads), try key(x).reshaped(to: heads),
      try value(x).reshaped(to: heads)
    )
  }

  /// - Parameters:
  ///   - x: `[T, hidden]`.
  ///   - sequences: which tokens belong together.
  /// - Returns: `[T, hidden]`.
  func callAsFunction(_ x: Tensor, _ sequences: PackedSequences) throws -> Tensor {
    let (q, k, v) = try attentionInputs(x)
    let attended = try x.device.attention(
      q, k, v, options: AttentionOptions(sequences: sequences))
    let y = try outputNorm(output(attended.reshaped(to: x.shape), adding: x))
    return try norm(narrowing(widening(y, activation: .gelu), adding: y))
  }
}
