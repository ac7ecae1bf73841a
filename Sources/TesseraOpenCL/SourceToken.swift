/// A word, a number or a single other character of C text; comments and literals' insides are none.
struct SourceToken {
  enum Kind { case word, other }
  var kind: Kind
  var start: Int
  var end: Int
  /// From 1.
  var line: Int
  /// Whether it stands in a preprocessor's line.
  var inDirective: Bool

  static func scan(_ text: [UInt8]) -> [SourceToken] {
    var scanner = Scanner(text: text)
    scanner.run()
    return scanner.tokens
  }

  /// The words of a text.
  static func words(_ text: String) -> Set<String> {
    let bytes = Array(text.utf8)
    return Set(
      scan(bytes).filter { $0.kind == .word }
        .map { String(decoding: bytes[$0.start..<$0.end], as: UTF8.self) })
  }

  private struct Scanner {
    let text: [UInt8]
    var tokens: [SourceToken] = []
    private var place = 0
    private var line = 1
    private var inDirective = false
    /// Whether nothing but blanks has come in this line.
    private var fresh = true

    init(text: [UInt8]) { self.text = text }

    mutating func run() {
      while place < text.count {
        let byte = text[place]
        if byte == UInt8(ascii: "\n") {
          endLine()
        } else if byte == UInt8(ascii: "\\"), next(1) == UInt8(ascii: "\n") {
          line += 1
          place += 2
        } else if byte == UInt8(ascii: "/"), next(1) == UInt8(ascii: "/") {
          while place < text.count, text[place] != UInt8(ascii: "\n") { skip() }
        } else if byte == UInt8(ascii: "/"), next(1) == UInt8(ascii: "*") {
          place += 2
          while place < text.count,
            !(text[place] == UInt8(ascii: "*") && next(1) == UInt8(ascii: "/"))
          { skip() }
          place = min(place + 2, text.count)
        } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
          literal(byte)
        } else if Self.isWord(byte) {
          let start = place
          while place < text.count, Self.isWord(text[place]) { place += 1 }
          append(byte >= 0x30 && byte <= 0x39 ? .other : .word, start)
        } else {
          if byte == UInt8(ascii: "#"), fresh { inDirective = true }
          place += 1
          if byte > 0x20 { append(.other, place - 1) }
        }
      }
    }

    /// One byte on; a line may be continued inside a comment, too.
    private mutating func skip() {
      if text[place] == UInt8(ascii: "\\"), next(1) == UInt8(ascii: "\n") {
        line += 1
        place += 2
        return
      }
      if text[place] == UInt8(ascii: "\n") { line += 1 }
      place += 1
    }

    private mutating func literal(_ quote: UInt8) {
      let start = place
      place += 1
      while place < text.count, text[place] != quote, text[place] != UInt8(ascii: "\n") {
        place += text[place] == UInt8(ascii: "\\") ? 2 : 1
      }
      place = min(place + 1, text.count)
      append(.other, start)
    }

    private mutating func endLine() {
      (inDirective, fresh) = (false, true)
      line += 1
      place += 1
    }

    private mutating func append(_ kind: Kind, _ start: Int) {
      fresh = false
      tokens.append(
        SourceToken(
          kind: kind, start: start, end: place, line: line, inDirective: inDirective))
    }

    private func next(_ distance: Int) -> UInt8? {
      place + distance < text.count ? text[place + distance] : nil
    }

    private static func isWord(_ byte: UInt8) -> Bool {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x80...: true
      default: false
      }
    }
  }
}
