import Foundation

/// Text to the ids of BERT's word pieces: every word is cut, from its start, into the longest pieces of the
/// vocabulary; pieces that continue a word have `##` before them.
///
/// Source: Wu et al., "Google's Neural Machine Translation System" (2016); Devlin et al., "BERT" (2019).
public struct WordPieceTokenizer: Sendable {
  // Keyed by bytes: Swift's strings are equal if they are canonically equivalent, tokens are not.
  private var starts: [ArraySlice<UInt8>: Int] = [:]
  private var continuations: [ArraySlice<UInt8>: Int] = [:]
  private var longestPiece = 0
  /// Tokens of the vocabulary: ids are below.
  public let tokens: Int
  private let special: [(text: String, id: Int)]
  private let unknown: Int
  private let first: Int
  private let last: Int
  /// Words of more scalars than this are unknown.
  private static let longestWord = 100

  /// - Parameter vocabulary: one token per line; a token's id is its line, from 0.
  /// - Throws: `ModelError` if a special token is missing.
  public init(vocabulary: [UInt8]) throws {
    var lines = vocabulary.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    tokens = lines.count
    for (id, line) in lines.enumerated() {
      let token = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      if token.starts(with: [UInt8](repeating: UInt8(ascii: "#"), count: 2)), token.count > 2 {
        continuations[token.dropFirst(2)] = id
      } else {
        starts[token] = id
      }
      longestPiece = max(longestPiece, token.count)
    }
    let names = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]
    special = try names.map { [starts] name in
      guard let id = starts[Array(name.utf8)[...]] else {
        throw ModelError(.malformed, "vocab.txt: has no token \(name)")
      }
      return (name, id)
    }
    (unknown, first, last) = (special[0].id, special[1].id, special[2].id)
  }

  /// `[CLS]`, the pieces of `text`, `[SEP]`: at most `limit` ids, of the beginning.
  public func sequence(_ text: String, limit: Int) -> [Int] {
    framed(pieces(text).prefix(limit - 2))
  }

  /// `pieces` between `[CLS]` and `[SEP]`.
  public func framed(_ pieces: some Sequence<Int>) -> [Int] { [first] + pieces + [last] }

  /// The pieces of `text`. Special tokens that are written out, as `[MASK]`, are themselves.
  public func pieces(_ text: String) -> [Int] {
    var ids: [Int] = []
    var rest = text[...]
    while let (range, id) = nextSpecial(in: rest) {
      appendPieces(of: rest[..<range.lowerBound], to: &ids)
      ids.append(id)
      rest = rest[range.upperBound...]
    }
    appendPieces(of: rest, to: &ids)
    return ids
  }

  /// The first special token in `text`.
  private func nextSpecial(in text: Substring) -> (range: Range<String.Index>, id: Int)? {
    guard text.utf8.contains(UInt8(ascii: "[")) else { return nil }
    return special.compactMap { token in
      text.range(of: token.text, options: .literal).map { ($0, token.id) }
    }.min { $0.0.lowerBound < $1.0.lowerBound }
  }

  private func appendPieces(of text: Substring, to ids: inout [Int]) {
    for word in BasicTokenizer.words(text) { appendPieces(ofWord: word, to: &ids) }
  }

  /// The pieces of one word; `[UNK]` for all of it if a part of it has none.
  private func appendPieces(ofWord word: [UInt8], to ids: inout [Int]) {
    let scalars = word.count { !Self.continues($0) }
    let before = ids.count
    var start = 0
    while start < word.count, scalars <= Self.longestWord {
      let table = start == 0 ? starts : continuations
      var end = min(word.count, start + longestPiece)
      var found: Int?
      while end > start {
        // A piece ends where a scalar does.
        if end == word.count || !Self.continues(word[end]) {
          found = table[word[start..<end]]
          if found != nil { break }
        }
        end -= 1
      }
      guard let found else { break }
      ids.append(found)
      start = end
    }
    if start < word.count {
      ids.removeSubrange(before...)
      ids.append(unknown)
    }
  }

  /// Whether this byte of UTF-8 is not the first of its scalar.
  private static func continues(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
}
