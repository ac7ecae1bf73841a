import Tessera

/// The states that the first layer takes: `norm(word[id] + position[i] + type[0])` for token `i` of a
/// sequence. Looked up and added on the host: a row per token.
struct TokenEmbedding: Sendable {
  /// `[vocabulary, hidden]`.
  private let words: [Float]
  /// `[positions, hidden]`, the type's embedding added.
  private let positions: [Float]
  private let norm: LayerNorm
  private let hidden: Int

  init(_ folder: ModelFolder) throws {
    let configuration = folder.configuration
    hidden = configuration.hiddenSize
    func table(_ name: String, _ rows: Int) throws -> [Float] {
      try folder.weights(
        "embeddings.\(name)_embeddings.weight", try Shape([rows, configuration.hiddenSize])
      ).floats()
    }
    words = try table("word", configuration.vocabularySize)
    // A sentence alone is all of type 0.
    let type = try table("token_type", configuration.tokenTypes)
    var positions = try table("position", configuration.positions)
    for i in positions.indices { positions[i] += type[i % hidden] }
    self.positions = positions
    norm = try LayerNorm(folder, "embeddings.LayerNorm")
  }

  /// - Parameter sequences: ids below the vocabulary's size, no more of a sequence than positions.
  /// - Returns: `[T, hidden]`, T the tokens of all sequences.
  func callAsFunction(_ sequences: some Sequence<[Int]>, on device: Device) throws -> Tensor {
    var values: [Float] = []
    for sequence in sequences {
      for (position, id) in sequence.enumerated() {
        for i in 0..<hidden {
          values.append(words[id * hidden + i] + positions[position * hidden + i])
        }
      }
    }
    norm.apply(to: &values)
    return try Tensor(values, shape: try Shape([values.count / hidden, hidden]), on: device)
  }
}
