import Foundation

/// The sizes of a BERT encoder, from its `config.json`.
public struct Configuration: Decodable, Sendable {
  /// Elements of a token's state.
  public let hiddenSize: Int
  /// Encoder layers.
  public let layers: Int
  /// Heads of every attention.
  public let heads: Int
  let intermediateSize: Int
  /// Tokens of the longest sequence, `[CLS]` and `[SEP]` among them: 512.
  public let positions: Int
  let vocabularySize: Int
  let tokenTypes: Int
  let epsilon: Float
  private let activation: String
  private let positionKind: String?
  /// Tokens that a sentence is cut at: 256, of `sentence_bert_config.json`.
  public private(set) var sentenceTokens = 0

  private enum CodingKeys: String, CodingKey {
    case hiddenSize = "hidden_size"
    case layers = "num_hidden_layers"
    case heads = "num_attention_heads"
    case intermediateSize = "intermediate_size"
    case positions = "max_position_embeddings"
    case vocabularySize = "vocab_size"
    case tokenTypes = "type_vocab_size"
    case epsilon = "layer_norm_eps"
    case activation = "hidden_act"
    case positionKind = "position_embedding_type"
  }

  private struct Sentences: Decodable {
    let max_seq_length: Int
  }

  /// Elements of one head.
  public var headDimension: Int { hiddenSize / heads }

  /// Reads and checks the files.
  init(folder: String) throws {
    self = try Self.decode(Self.self, folder + "/config.json")
    let sentences = try Self.decode(Sentences.self, folder + "/sentence_bert_config.json")
    sentenceTokens = sentences.max_seq_length
    let sizes = [
      ("hidden_size", hiddenSize), ("num_hidden_layers", layers), ("num_attention_heads", heads),
      ("intermediate_size", intermediateSize), ("vocab_size", vocabularySize),
      ("type_vocab_size", tokenTypes),
    ]
    for (name, size) in sizes where !(1...1_000_000).contains(size) {
      throw ModelError(.malformed, "config.json: \(name) is \(size), allowed 1...1000000")
    }
    guard hiddenSize % heads == 0 else {
      throw ModelError(
        .malformed,
        "config.json: hidden_size is \(hiddenSize), allowed a multiple of \(heads) heads")
    }
    guard activation == "gelu", positionKind ?? "absolute" == "absolute" else {
      throw ModelError(
        .malformed,
        "config.json: hidden_act \(activation) with \(positionKind ?? "absolute") positions, "
          + "allowed gelu with absolute positions")
    }
    guard (3...1_000_000).contains(positions), (3...positions).contains(sentenceTokens) else {
      throw ModelError(
        .malformed,
        "sentence_bert_config.json: max_seq_length is \(sentenceTokens), allowed 3...\(positions)")
    }
  }

  private static func decode<T: Decodable>(_ type: T.Type, _ path: String) throws -> T {
    let data = try ModelFolder.read(path)
    do {
      return try JSONDecoder().decode(type, from: data)
    } catch {
      throw ModelError(.malformed, "\(path): not the description of a BERT encoder: \(error)")
    }
  }
}
