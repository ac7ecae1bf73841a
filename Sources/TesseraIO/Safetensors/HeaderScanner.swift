import TesseraCore

/// A strict reader of JSON text that builds nothing it is not asked for.
///
/// Only what a safetensors header needs: objects, arrays, strings and non-negative integers are read;
/// any other value can be skipped. It works on array indices, so that no text can make it read past
/// the end, and the depth of nesting is limited.
struct HeaderScanner {
  /// What is wrong with the text, and where.
  struct Failure: Error {
    let reason: String
    let offset: Int
  }

  private let text: [UInt8]
  private var position = 0
  private static let maximumDepth = 32

  init(_ text: [UInt8]) { self.text = text }

  /// Reads `{ "key": value, … }`; `body` gets each key and must read or skip its value.
  mutating func object<E: Error>(
    _ body: (inout HeaderScanner, String) throws(E) -> Void, failure: (Failure) -> E
  ) throws(E) {
    do throws(Failure) { try expect("{") } catch { throw failure(error) }
    if take("}") { return }
    repeat {
      let key: String
      do throws(Failure) {
        key = try string()
        try expect(":")
      } catch { throw failure(error) }
      try body(&self, key)
    } while take(",")
    do throws(Failure) { try expect("}") } catch { throw failure(error) }
  }

  /// Reads `[1, 2, …]` of at most `limit` integers.
  mutating func integers(limit: Int) throws(Failure) -> [Int] {
    try expect("[")
    var values: [Int] = []
    if take("]") { return values }
    repeat {
      guard values.count < limit else { throw fail("more than \(limit) elements in an array") }
      values.append(try integer())
    } while take(",")
    try expect("]")
    return values
  }

  /// Reads an integer of 0 or more that fits in `Int`, written without sign, fraction or exponent.
  mutating func integer() throws(Failure) -> Int {
    skipSpace()
    let start = position
    var value = 0
    while let digit = peek(), digit >= 0x30, digit <= 0x39 {
      let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
      let (next, carry) = shifted.addingReportingOverflow(Int(digit - 0x30))
      if overflow || carry { throw fail("integer too large", at: start) }
      value = next
      position += 1
    }
    switch peek() {
    case _ where position == start: throw fail("expected an integer of 0 or more")
    case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
      throw fail("expected an integer of 0 or more", at: start)
    case _ where text[start] == 0x30 && position > start + 1:
      throw fail("integer with a leading zero", at: start)
    default: return value
    }
  }

  /// Reads a string and resolves its escapes.
  mutating func string() throws(Failure) -> String {
    try expect("\"")
    let start = position
    var bytes: [UInt8] = []
    while let byte = peek() {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let value = String(validating: bytes, as: UTF8.self) else {
          throw fail("string is not UTF-8", at: start)
        }
        return value
      case UInt8(ascii: "\\"): try escape(into: &bytes)
      case 0..<0x20: throw fail("control character in a string", at: position - 1)
      default: bytes.append(byte)
      }
    }
    throw fail("string without an end", at: start)
  }

  /// Skips one value of any kind, checking its syntax.
  mutating func skipValue(depth: Int = 0) throws(Failure) {
    guard depth < Self.maximumDepth else {
      throw fail("nested more than \(Self.maximumDepth) deep")
    }
    skipSpace()
    switch peek() {
    case UInt8(ascii: "{"):
      try object { scanner, _ throws(Failure) in
        try scanner.skipValue(depth: depth + 1)
      } failure: {
        $0
      }
    case UInt8(ascii: "["):
      position += 1
      if take("]") { return }
      repeat { try skipValue(depth: depth + 1) } while take(",")
      try expect("]")
    case UInt8(ascii: "\""): _ = try string()
    case UInt8(ascii: "t"): try word("true")
    case UInt8(ascii: "f"): try word("false")
    case UInt8(ascii: "n"): try word("null")
    default: try skipNumber()
    }
  }

  /// Checks that nothing but white space is left.
  mutating func end() throws(Failure) {
    skipSpace()
    if position < text.count { throw fail("text after the end of the header") }
  }

  /// A failure here, or at `offset`.
  func fail(_ reason: String, at offset: Int? = nil) -> Failure {
    Failure(reason: reason, offset: offset ?? position)
  }
}

// MARK: - Characters

extension HeaderScanner {
  private func peek() -> UInt8? { position < text.count ? text[position] : nil }

  private mutating func skipSpace() {
    while let byte = peek(), byte == 0x20 || (byte >= 9 && byte <= 13 && byte != 11 && byte != 12) {
      position += 1
    }
  }

  /// Takes `character` after white space, if it is next.
  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard peek() == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(Failure) {
    guard take(character) else { throw fail("expected '\(character)'") }
  }

  private mutating func word(_ word: StaticString) throws(Failure) {
    for i in 0..<word.utf8CodeUnitCount {
      guard peek() == word.utf8Start[i] else { throw fail("expected '\(word)'") }
      position += 1
    }
  }

  private mutating func skipNumber() throws(Failure) {
    func isDigit(_ byte: UInt8?) -> Bool { byte.map { $0 >= 0x30 && $0 <= 0x39 } ?? false }
    func digits(_ scanner: inout HeaderScanner) throws(Failure) {
      guard isDigit(scanner.peek()) else { throw scanner.fail("expected a value") }
      while isDigit(scanner.peek()) { scanner.position += 1 }
    }
    if peek() == UInt8(ascii: "-") { position += 1 }
    let start = position
    try digits(&self)
    if text[start] == 0x30 && position > start + 1 { throw fail("number with a leading zero") }
    if peek() == UInt8(ascii: ".") {
      position += 1
      try digits(&self)
    }
    if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
      position += 1
      if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { position += 1 }
      try digits(&self)
    }
  }

  private mutating func escape(into bytes: inout [UInt8]) throws(Failure) {
    guard let byte = peek() else { throw fail("string without an end") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(byte)
    case UInt8(ascii: "b"): bytes.append(8)
    case UInt8(ascii: "t"): bytes.append(9)
    case UInt8(ascii: "n"): bytes.append(10)
    case UInt8(ascii: "f"): bytes.append(12)
    case UInt8(ascii: "r"): bytes.append(13)
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if code >> 10 == 0xD800 >> 10 {
        // Beyond the basic plane: the low half must follow as a second escape.
        try word("\\u")
        let low = try hexadecimal()
        guard low >> 10 == 0xDC00 >> 10 else { throw fail("half of a surrogate pair") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw fail("half of a surrogate pair") }
      bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    default: throw fail("unknown escape in a string", at: position - 1)
    }
  }

  private mutating func hexadecimal() throws(Failure) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw fail("expected four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }
}
