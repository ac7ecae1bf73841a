import Tessera

/// A sentence encoder of BERT's form, all-MiniLM-L6-v2, computed by Tessera: every linear layer is a GEMM
/// with its bias, activation or residual in the epilogue, and attention runs over packed sequences of
/// different lengths, so that nothing is padded.
///
/// Sources: Wang et al., "MiniLM" (2020); Reimers and Gurevych, "Sentence-BERT" (2019).
public struct SentenceEncoder: Sendable {
  /// Sizes of the model.
  public let configuration: Configuration
  /// Text to token ids.
  public let tokenizer: WordPieceTokenizer
  private let embedding: TokenEmbedding
  private let layers: [EncoderLayer]
  private let device: Device
  /// Tokens computed at a time: the widest intermediate is 24 MiB then.
  private static let batchTokens = 4096

  /// One line: what to do for a model.
  public static var howToGet: String { ModelFolder.howToGet }

  /// Reads a model and copies its layers to `device`.
  /// - Parameters:
  ///   - folder: the folder of the model, or of the package that brings it.
  ///   - device: what computes.
  /// - Throws: `ModelError` if there is no such model, `TesseraError` if its weights are damaged or do not
  ///   fit on the device.
  public init(folder: String, on device: Device) throws {
    let folder = try ModelFolder(path: folder)
    configuration = folder.configuration
    tokenizer = try WordPieceTokenizer(vocabulary: folder.vocabulary)
    guard tokenizer.tokens <= configuration.vocabularySize else {
      throw ModelError(
        .malformed,
        "vocab.txt: \(tokenizer.tokens) tokens, allowed \(configuration.vocabularySize) by config.json"
      )
    }
    embedding = try TokenEmbedding(folder)
    layers = try (0..<configuration.layers).map { try EncoderLayer(folder, $0, on: device) }
    self.device = device
  }

  /// The token ids of a sentence, cut at the model's length.
  public func ids(_ sentence: String) -> [Int] {
    tokenizer.sequence(sentence, limit: configuration.sentenceTokens)
  }

  /// Embeddings of length 1: the mean of the last layer's states over a sentence's tokens, normalised.
  public func embeddings(_ sentences: [String]) throws -> [[Float]] {
    var result: [[Float]] = []
    try forEachBatch(sentences.map(ids)) { batch in
      let (x, packed) = try states(batch, before: layers.count)
      let values = try x.floats()
      for (start, end) in zip(packed, packed.dropFirst()) {
        result.append(pooled(values, start..<end))
      }
    }
    return result
  }

  /// What the attention of `layer` takes when the model reads `windows`: f32 `[T, H, D]` each, T the tokens
  /// of all windows, one after another. Each window is a sequence of its own to the layers before.
  /// - Throws: `ModelError` if there is no such layer or a window has more tokens than positions.
  public func attentionInputs(
    layer: Int, windows: [[Int]]
  ) throws -> (q: [Float], k: [Float], v: [Float]) {
    guard layers.indices.contains(layer) else {
      throw ModelError(.invalidArgument, "layer: got \(layer), allowed 0...\(layers.count - 1)")
    }
    let count = windows.reduce(0) { $0 + $1.count } * configuration.hiddenSize
    var (q, k, v): ([Float], [Float], [Float]) = ([], [], [])
    q.reserveCapacity(count)
    k.reserveCapacity(count)
    v.reserveCapacity(count)
    try forEachBatch(windows) { batch in
      let inputs = try layers[layer].attentionInputs(states(batch, before: layer).x)
      q += try inputs.q.floats()
      k += try inputs.k.floats()
      v += try inputs.v.floats()
    }
    return (q, k, v)
  }

  /// The states `[T, hidden]` that `layer` takes, and where the sequences begin and end.
  private func states(
    _ batch: ArraySlice<[Int]>, before layer: Int
  ) throws -> (x: Tensor, cumulative: [Int]) {
    for sequence in batch {
      guard sequence.count <= configuration.positions else {
        throw ModelError(
          .invalidArgument,
          "sequence: got \(sequence.count) tokens, allowed at most \(configuration.positions)")
      }
      if let id = sequence.first(where: { !(0..<tokenizer.tokens).contains($0) }) {
        throw ModelError(
          .invalidArgument, "token id: got \(id), allowed 0...\(tokenizer.tokens - 1)")
      }
    }
    var cumulative = [0]
    for sequence in batch { cumulative.append(cumulative[cumulative.count - 1] + sequence.count) }
    let sequences = try PackedSequences(queries: cumulative, keys: cumulative, on: device)
    var x = try embedding(batch, on: device)
    for earlier in layers.prefix(layer) { x = try earlier(x, sequences) }
    return (x, cumulative)
  }

  /// As many sequences at a time as fit in a batch, at least one.
  private func forEachBatch(
    _ sequences: [[Int]], _ body: (ArraySlice<[Int]>) throws -> Void
  ) throws {
    var (start, tokens) = (0, 0)
    for (index, sequence) in sequences.enumerated() {
      if index > start, tokens + sequence.count > Self.batchTokens {
        try body(sequences[start..<index])
        (start, tokens) = (index, 0)
      }
      tokens += sequence.count
    }
    if start < sequences.count { try body(sequences[start...]) }
  }

  /// The mean of rows `rows`, divided by its length.
  private func pooled(_ values: [Float], _ rows: Range<Int>) -> [Float] {
    let hidden = configuration.hiddenSize
    var sum = [Float](repeating: 0, count: hidden)
    for row in rows {
      for i in 0..<hidden { sum[i] += values[row * hidden + i] }
    }
    // The length of the sum instead of the mean's: the same direction.
    let length = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return sum.map { $0 / length }
  }
}
