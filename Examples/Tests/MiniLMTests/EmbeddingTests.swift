import Foundation
import MiniLM
import Tessera
import Testing

/// Token ids and embeddings are those of the model's own implementation, which `Scripts/embedding-reference`
/// asked. The model is no part of this package: `TESSERA_MINILM` names its folder.
@Suite("Embeddings", .serialized) struct EmbeddingTests {
  private struct Reference: Decodable {
    let sentence: String
    let ids: [Int]
    let embedding: [Float]

    static func all() throws -> [Reference] {
      let url = try #require(Bundle.module.url(forResource: "embeddings", withExtension: "json"))
      return try JSONDecoder().decode([Reference].self, from: try Data(contentsOf: url))
    }
  }

  private static let folder = ProcessInfo.processInfo.environment["TESSERA_MINILM"]

  // A trait, because a cancelled case of several is not reported.
  @Test(
    .enabled(if: folder != nil, "not run: TESSERA_MINILM does not name the folder of the model"),
    arguments: ["cpu", "opencl", "vulkan"])
  func `as the model's own implementation has them`(_ backend: String) throws {
    let folder = try #require(Self.folder)
    guard Device.list().contains(where: { $0.backend.rawValue == backend }) else {
      try Test.cancel("not run: no \(backend) device")
    }
    let encoder = try SentenceEncoder(folder: folder, on: Device(backend))
    let references = try Reference.all()
    let embeddings = try encoder.embeddings(references.map(\.sentence))
    for (reference, embedding) in zip(references, embeddings) {
      #expect(encoder.ids(reference.sentence) == reference.ids, "\(reference.sentence)")
      let pairs = zip(embedding, reference.embedding)
      let cosine = pairs.reduce(0) { $0 + Double($1.0) * Double($1.1) }
      let worst = pairs.reduce(0) { max($0, abs($1.0 - $1.1)) }
      #expect(cosine >= 0.99999 && worst <= 1e-4, "\(cosine), \(worst): \(reference.sentence)")
    }
  }
}
