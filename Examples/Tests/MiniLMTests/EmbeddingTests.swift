import Foundation
import MiniLM
import Tessera
import Testing

/// Token ids and embeddings are those of the model's own implementation, which `Scripts/embedding-reference`
/// asked. The model is no part of this package: `TESSERA_MINILM` names its folder.
@Suite("Embeddings", .serialized) struct EmbeddingTests {
  private struct Reference: Decodable {
    struct Sentence: Decodable {
      let sentence: String
      let ids: [Int]
      let embedding: [Float]
    }

    /// One head's part of what an attention takes, token by token.
    struct AttentionInputs: Decodable {
      let sentence: String
      let layer: Int
      let head: Int
      let query: [Float]
      let key: [Float]
      let value: [Float]
    }

    let sentences: [Sentence]
    let attentionInputs: AttentionInputs

    static func read() throws -> Reference {
      let url = try #require(Bundle.module.url(forResource: "embeddings", withExtension: "json"))
      return try JSONDecoder().decode(Reference.self, from: try Data(contentsOf: url))
    }
  }

  private static let folder = ProcessInfo.processInfo.environment["TESSERA_MINILM"]

  // Traits, because a cancelled case of several is not reported.
  @Test(
    .enabled(if: folder != nil, "not run: TESSERA_MINILM does not name the folder of the model"),
    arguments: ["cpu", "opencl", "vulkan"])
  func `as the model's own implementation has them`(_ backend: String) throws {
    let folder = try #require(Self.folder)
    guard Device.list().contains(where: { $0.backend.rawValue == backend }) else {
      // The report does not tell of cases that are cancelled.
      print("not run: no \(backend) device")
      try Test.cancel("not run: no \(backend) device")
    }
    let encoder = try SentenceEncoder(folder: folder, on: Device(backend))
    let references = try Reference.read().sentences
    let embeddings = try encoder.embeddings(references.map(\.sentence))
    for (reference, embedding) in zip(references, embeddings) {
      #expect(encoder.ids(reference.sentence) == reference.ids, "\(reference.sentence)")
      let pairs = zip(embedding, reference.embedding)
      let cosine = pairs.reduce(0) { $0 + Double($1.0) * Double($1.1) }
      let worst = pairs.reduce(0) { max($0, abs($1.0 - $1.1)) }
      #expect(cosine >= 0.99999 && worst <= 1e-4, "\(cosine), \(worst): \(reference.sentence)")
    }
  }
  @Test(
    .enabled(if: folder != nil, "not run: TESSERA_MINILM does not name the folder of the model"))
  func `inputs of an attention, whatever the batches`() throws {
    let encoder = try SentenceEncoder(folder: try #require(Self.folder), on: Device("cpu"))
    let reference = try Reference.read().attentionInputs
    let ids = encoder.ids(reference.sentence)
    // More windows than a batch takes, the sentence the last of them.
    let longest = [Int](repeating: ids[1], count: encoder.configuration.positions)
    let windows = [[Int]](repeating: longest, count: 9) + [ids]
    let inputs = try encoder.attentionInputs(layer: reference.layer, windows: windows)
    let (size, hidden) = (encoder.configuration.headDimension, encoder.configuration.hiddenSize)
    for (all, expected) in [
      (inputs.q, reference.query), (inputs.k, reference.key), (inputs.v, reference.value),
    ] {
      #expect(all.count == windows.reduce(0) { $0 + $1.count } * hidden)
      let part = (0..<ids.count).flatMap { token in
        let start = all.count - (ids.count - token) * hidden + reference.head * size
        return all[start..<(start + size)]
      }
      #expect(part.count == expected.count)
      #expect(zip(part, expected).allSatisfy { abs($0 - $1) <= 1e-4 })
    }
  }

  @Test(
    .enabled(if: folder != nil, "not run: TESSERA_MINILM does not name the folder of the model"))
  func `windows that the model cannot read are refused`() throws {
    let encoder = try SentenceEncoder(folder: try #require(Self.folder), on: Device("cpu"))
    for (layer, window) in [
      (6, [1]), (-1, [1]), (0, [30522]), (0, [-1]), (0, [Int](repeating: 1, count: 513)),
    ] {
      #expect(throws: ModelError.self) {
        try encoder.attentionInputs(layer: layer, windows: [window])
      }
    }
  }
}
