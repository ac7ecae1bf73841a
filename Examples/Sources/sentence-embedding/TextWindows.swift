import Foundation
import MiniLM

/// Text files as token sequences of a model's length.
enum TextWindows {
  /// Tokens of the shortest window: `[CLS]`, one piece, `[SEP]`.
  static let shortest = 3

  /// Windows of `tokens` tokens together, each between `[CLS]` and `[SEP]`, filled with the text of `paths`
  /// from the first on. As few as `longest` allows, and their lengths differ by 1 at most.
  /// - Throws: `ModelError` if a file cannot be read or the text is too short.
  static func read(
    _ paths: [String], tokens: Int, longest: Int, _ tokenizer: WordPieceTokenizer
  ) throws -> [[Int]] {
    let count = (tokens + longest - 1) / longest
    let needed = tokens - 2 * count
    var pieces: [Int] = []
    for path in paths where pieces.count < needed {
      guard let data = FileManager.default.contents(atPath: path) else {
        throw ModelError(.missing, "--text: \(path) cannot be read")
      }
      // Line by line, as no word goes over one: a long file is not tokenized to its end for nothing.
      for line in String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline) {
        pieces += tokenizer.pieces(String(line))
        if pieces.count >= needed { break }
      }
    }
    guard pieces.count >= needed else {
      throw ModelError(
        .invalidArgument,
        "--tokens: got \(tokens), allowed at most about \(pieces.count), those of --text: give more files"
      )
    }
    var (windows, start): ([[Int]], Int) = ([], 0)
    for window in 0..<count {
      let end = needed * (window + 1) / count
      windows.append(tokenizer.framed(pieces[start..<end]))
      start = end
    }
    return windows
  }
}
