/// Looks up kernel sources by file name. The texts are embedded at build time from this folder.
package enum TesseraShaders {
  /// The text of `name` with every `#include "…"` of another embedded file expanded in place, once
  /// each, or nil if there is no such file.
  package static func source(_ name: String) -> String? {
    var included: Set<String> = []
    return expand(name, &included)
  }

  /// The SPIR-V module `name`, as 32-bit words, or nil if there is none.
  package static func module(_ name: String) -> [UInt32]? {
    guard let text = embeddedModule(name) else { return nil }
    return text.withUTF8Buffer(decodeBase64)
  }

  private static func expand(_ name: String, _ included: inout Set<String>) -> String? {
    guard let literal = embeddedText(name) else { return nil }
    let text = literal.withUTF8Buffer { String(decoding: $0, as: UTF8.self) }
    var out = ""
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      let parts = line.split(separator: "\"", omittingEmptySubsequences: false)
      guard line.hasPrefix("#include"), parts.count == 3 else {
        out += line
        out += "\n"
        continue
      }
      let file = String(parts[1].split(separator: "/").last ?? "")
      if included.insert(file).inserted { out += expand(file, &included) ?? "#error missing \(file)\n" }
    }
    return out
  }

  private static func decodeBase64(_ text: UnsafeBufferPointer<UInt8>) -> [UInt32] {
    var words: [UInt32] = []
    words.reserveCapacity(text.count * 3 / 16 + 1)
    var (bits, bitCount): (UInt32, Int) = (0, 0)
    var (word, byteCount): (UInt32, Int) = (0, 0)
    for character in text {
      let digit: UInt32
      switch character {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = UInt32(character) - 65
      case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = UInt32(character) - 71
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = UInt32(character) + 4
      case UInt8(ascii: "+"): digit = 62
      case UInt8(ascii: "/"): digit = 63
      default: continue
      }
      bits = bits << 6 | digit
      bitCount += 6
      guard bitCount >= 8 else { continue }
      bitCount -= 8
      word |= ((bits >> UInt32(bitCount)) & 0xFF) << UInt32(8 * byteCount)
      bits &= (1 << UInt32(bitCount)) - 1
      byteCount += 1
      if byteCount == 4 {
        words.append(word)
        (word, byteCount) = (0, 0)
      }
    }
    return words
  }
}
