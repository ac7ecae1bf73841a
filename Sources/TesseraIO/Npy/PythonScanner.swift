/// A strict reader of the one Python dictionary that an npy header holds; nothing is evaluated.
///
/// Accepts exactly the keys `descr` (a string), `fortran_order` (`True` or `False`) and `shape` (a
/// tuple of integers of 0 or more), each once and in any order.
struct PythonScanner {
  /// What the dictionary says.
  struct Fields {
    var descriptor: String
    var isFortranOrder: Bool
    var extents: [Int]
  }
  typealias Failure = HeaderScanner.Failure

  private let text: [UInt8]
  private var position = 0

  init(_ text: [UInt8]) { self.text = text }

  /// Reads the dictionary and the white space after it.
  mutating func fields(maximumRank: Int) throws(Failure) -> Fields {
    var descriptor: String?
    var order: Bool?
    var extents: [Int]?
    try expect("{")
    while !take("}") {
      let start = position
      let key = try string()
      try expect(":")
      switch key {
      case "descr" where descriptor == nil: descriptor = try typeString()
      case "fortran_order" where order == nil: order = try boolean()
      case "shape" where extents == nil: extents = try tuple(limit: maximumRank)
      case "descr", "fortran_order", "shape": throw fail("\(quoted(key)) appears twice", at: start)
      default: throw fail("unknown key \(quoted(key))", at: start)
      }
      if take(",") { continue }
      try expect("}")
      break
    }
    skipSpace()
    guard position == text.count else { throw fail("text after the dictionary") }
    guard let descriptor, let order, let extents else {
      throw fail("descr, fortran_order or shape is missing")
    }
    return Fields(descriptor: descriptor, isFortranOrder: order, extents: extents)
  }

  private mutating func typeString() throws(Failure) -> String {
    skipSpace()
    if peek() == UInt8(ascii: "[") { throw fail("structured element types are not supported") }
    return try string()
  }

  private mutating func boolean() throws(Failure) -> Bool {
    skipSpace()
    for (word, value) in [("True", true), ("False", false)]
    where text[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return value
    }
    throw fail("expected True or False")
  }

  private mutating func tuple(limit: Int) throws(Failure) -> [Int] {
    try expect("(")
    var values: [Int] = []
    while !take(")") {
      guard values.count < limit else { throw fail("more than \(limit) axes") }
      values.append(try integer())
      if take(",") { continue }
      // (3) is a number in Python, not a tuple.
      if values.count == 1 { throw fail("expected ',' in a tuple of one") }
      try expect(")")
      break
    }
    return values
  }

  private mutating func integer() throws(Failure) -> Int {
    skipSpace()
    let start = position
    var value = 0
    while let digit = peek(), digit >= 0x30, digit <= 0x39 {
      let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
      let (next, carry) = shifted.addingReportingOverflow(Int(digit - 0x30))
      if overflow || carry { throw fail("extent too large", at: start) }
      value = next
      position += 1
    }
    guard position > start else { throw fail("expected an extent of 0 or more") }
    // Python 2 wrote long integers as 3L.
    if peek() == UInt8(ascii: "L") { position += 1 }
    return value
  }

  /// A string in single or double quotes. Escapes are refused: no element type needs one.
  private mutating func string() throws(Failure) -> String {
    skipSpace()
    guard let quote = peek(), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      throw fail("expected a string")
    }
    position += 1
    let start = position
    while let byte = peek(), byte != quote {
      guard byte >= 0x20, byte != UInt8(ascii: "\\") else {
        throw fail("unexpected character in a string")
      }
      position += 1
    }
    guard position < text.count,
      let value = String(validating: text[start..<position], as: UTF8.self)
    else { throw fail("string without an end, or not UTF-8", at: start) }
    position += 1
    return value
  }
}

// MARK: - Characters

extension PythonScanner {
  private func peek() -> UInt8? { position < text.count ? text[position] : nil }

  private mutating func skipSpace() {
    while let byte = peek(), byte == 0x20 || (byte >= 9 && byte <= 13) { position += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard peek() == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(Failure) {
    guard take(character) else { throw fail("expected '\(character)'") }
  }

  private func fail(_ reason: String, at offset: Int? = nil) -> Failure {
    Failure(reason: reason, offset: offset ?? position)
  }
}
