import MiniLM
import Testing

/// Words and pieces by a vocabulary of our own: no model is needed.
@Suite("Word pieces") struct TokenizerTests {
  /// Ids are the places in this list.
  private static let vocabulary = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "tile", "##s", "##ing", "##i", "cafe", ",", "!",
    "$", "稀",
    "疏", "i", "w", "##w", "σ", "##σ", "ᄏ", "##ᅥ", "##é", "[", "]", "mask", "new",
  ]

  private static func tokenizer() throws -> WordPieceTokenizer {
    try WordPieceTokenizer(vocabulary: Array((vocabulary.joined(separator: "\n") + "\n").utf8))
  }

  @Test(
    arguments: [
      ("", []),
      ("tile tiles tiling", ["tile", "tile", "##s", "[UNK]"]),
      ("Tileing", ["tile", "##ing"]),
      ("TILE,tile!$", ["tile", ",", "tile", "!", "$"]),
      ("Café cafe\u{301}", ["cafe", "cafe"]),
      ("İ", ["i"]),
      ("ΣΣ", ["σ", "##σ"]),
      ("稀疏tile", ["稀", "疏", "tile"]),
      ("커", ["ᄏ", "##ᅥ"]),
      ("ti\u{AD}le ti\u{200B}le ti\u{0}le\u{FFFD}", ["tile", "tile", "tile"]),
      ("tile\u{A0}tile\u{3000}tile\r\ntile", ["tile", "tile", "tile", "tile"]),
      ("tile[MASK]tile", ["tile", "[MASK]", "tile"]),
      ("[mask][SEP", ["[", "mask", "]", "[", "[UNK]"]),
      ("tilex tile", ["[UNK]", "tile"]),
    ] as [(String, [String])])
  func `pieces of a text`(_ text: String, _ expected: [String]) throws {
    #expect(try Self.tokenizer().pieces(text).map { Self.vocabulary[$0] } == expected)
  }

  @Test func `words of more than a hundred letters are unknown`() throws {
    let tokenizer = try Self.tokenizer()
    #expect(tokenizer.pieces(String(repeating: "w", count: 100)).count == 100)
    #expect(tokenizer.pieces(String(repeating: "w", count: 101)) == [1])
  }

  @Test func `sequences are framed and cut`() throws {
    let tokenizer = try Self.tokenizer()
    #expect(tokenizer.sequence("", limit: 4) == [2, 3])
    #expect(tokenizer.sequence("new tiles, tile", limit: 5) == [2, 26, 5, 6, 3])
  }

  @Test func `a vocabulary without special tokens is refused`() {
    #expect(throws: ModelError.self) {
      try WordPieceTokenizer(vocabulary: Array("[UNK]\n[CLS]".utf8))
    }
  }
}
