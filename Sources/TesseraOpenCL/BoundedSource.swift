import TesseraCore
import TesseraHAL

/// Rewrites a kernel of the user's own so that it stays inside its buffers: every `x[index]` on a buffer
/// parameter becomes `x[tessera_inside(index, …)]`, which leads to the last element what lies outside. The
/// lengths in bytes come as further arguments, behind the kernel's own.
///
/// Buffers used in any other way (`*x`, `x + n`, handed to a function or a macro) cannot be bounded like
/// that, and the kernel is refused.
struct BoundedSource {
  private let text: [UInt8]
  private let tokens: [SourceToken]
  private let kernel: String

  /// - Parameter slots: how many parameters, from the first on, are buffers.
  /// - Throws: `unsupported` naming kernel, buffer and line where bounds cannot be enforced.
  static func make(
    _ source: String, kernel: String, slots: Int, defines: [KernelCode.Define]
  ) throws(TesseraError) -> String {
    let text = Array(source.utf8)
    let bounded = BoundedSource(text: text, tokens: SourceToken.scan(text), kernel: kernel)
    return try bounded.rewritten(slots: slots, defines: defines)
  }

  /// The nearest element inside; nothing is divided for buffers without a whole element.
  private static let helper = """
    static inline ulong tessera_inside(ulong index, ulong bytes, ulong size) {\
     return index < bytes / size ? index : max(bytes / size, 1UL) - 1; }
    #line 1

    """

  private func rewritten(
    slots: Int, defines: [KernelCode.Define]
  ) throws(TesseraError) -> String {
    let definition = try findKernel()
    let names = try bufferNames(definition.parameters, slots: slots)
    try checkMacros(names, defines)
    var insertions: [(position: Int, text: String)] = [
      (
        tokens[definition.parameters.upperBound].start,
        names.indices.map { ", ulong tessera_bytes_\($0)" }.joined()
      )
    ]
    for index in definition.body where tokens[index].kind == .word {
      guard let slot = names.firstIndex(of: word(index)) else { continue }
      // A member of that name, not the buffer.
      if reads(index - 1, ".") || reads(index - 1, ">") && reads(index - 2, "-") { continue }
      let (open, close) = try subscripted(index)
      insertions.append((tokens[open].end, "tessera_inside("))
      insertions.append(
        (tokens[close].start, ", tessera_bytes_\(slot), sizeof(*\(names[slot])))"))
    }
    var result: [UInt8] = []
    var place = 0
    for insertion in insertions.sorted(by: { $0.position < $1.position }) {
      result += text[place..<insertion.position]
      result += Array(insertion.text.utf8)
      place = insertion.position
    }
    result += text[place...]
    return Self.helper + String(decoding: result, as: UTF8.self)
  }

  /// Tokens of the kernel's parameters, without the brackets, and of its body.
  private func findKernel() throws(TesseraError) -> (parameters: Range<Int>, body: Range<Int>) {
    for index in tokens.indices where tokens[index].kind == .word && word(index) == kernel {
      guard reads(index + 1, "("), let close = partner(of: index + 1), reads(close + 1, "{"),
        let end = partner(of: close + 1)
      else { continue }
      return ((index + 2)..<close, (close + 2)..<end)
    }
    throw refusal("the source has no definition of it that can be read")
  }

  private func bufferNames(
    _ parameters: Range<Int>, slots: Int
  ) throws(TesseraError) -> [String] {
    // What may stand between a type and a name; anything else could be a macro that hides the name.
    let before = ["*", "const", "volatile", "restrict", "__restrict", "__restrict__"]
    var (names, depth): ([String], Int) = ([], 0)
    for index in parameters.lowerBound...parameters.upperBound where names.count < slots {
      let ends = index == parameters.upperBound
      if reads(index, "(") { depth += 1 }
      if reads(index, ")"), !ends { depth -= 1 }
      guard ends || depth == 0 && reads(index, ",") else { continue }
      guard index > parameters.lowerBound, tokens[index - 1].kind == .word,
        before.contains(word(index - 2))
      else { throw refusal("parameter \(names.count) is not written as a pointer with a name") }
      names.append(word(index - 1))
    }
    guard names.count == slots else {
      throw refusal("its source declares \(names.count) parameters, fewer than \(slots) buffers")
    }
    return names
  }

  /// Macros could use a buffer out of sight.
  private func checkMacros(
    _ names: [String], _ defines: [KernelCode.Define]
  ) throws(TesseraError) {
    for define in defines {
      let used = SourceToken.words("\(define.name) \(define.value)")
      if let name = names.first(where: used.contains) {
        throw refusal("the definition of \(define.name) uses the name of buffer \(name)")
      }
    }
    for index in tokens.indices {
      let token = tokens[index]
      if token.inDirective, token.kind == .word {
        if names.contains(word(index)) {
          throw refusal("a macro uses the name of buffer \(word(index))", line: token.line)
        }
        if word(index) == "include" {
          throw refusal("what it includes cannot be seen", line: token.line)
        }
      }
      let digraph = reads(index, "%") && reads(index + 1, ":") && tokens[index].end == tokens[index + 1].start
      if reads(index, "#") && reads(index + 1, "#") || digraph
        || ["asm", "__asm", "__asm__"].contains(word(index))
      {
        throw refusal("it pastes names or holds assembly", line: token.line)
      }
    }
  }

  /// The brackets behind a buffer's name, where that is all that is done with it.
  private func subscripted(_ index: Int) throws(TesseraError) -> (open: Int, close: Int) {
    let name = word(index)
    func other() -> TesseraError {
      refusal("buffer \(name) is used otherwise than as \(name)[index]", line: tokens[index].line)
    }
    guard reads(index + 1, "["), let close = partner(of: index + 1) else { throw other() }
    // An array inside an element has bounds of its own.
    if reads(close + 1, "[") || reads(close + 1, ".") && reads(close + 3, "[") { throw other() }
    // An address leads anywhere, unless an atomic function takes it.
    if reads(index - 1, "&"), !isOperand(index - 2) {
      guard reads(index - 2, "("), index >= 3, ["atomic_", "atom_"].contains(where: word(index - 3).hasPrefix)
      else { throw other() }
    }
    return (index + 1, close)
  }

  /// Whether a token ends an operand, so that `&` behind it is no address.
  private func isOperand(_ index: Int) -> Bool {
    guard tokens.indices.contains(index) else { return false }
    if tokens[index].kind == .word { return !["return", "else", "case"].contains(word(index)) }
    return reads(index, ")") || reads(index, "]")
  }

  private func partner(of open: Int) -> Int? {
    let pairs: [String: String] = ["(": ")", "[": "]", "{": "}"]
    guard let closing = pairs[word(open)] else { return nil }
    var depth = 0
    for index in open..<tokens.count where !tokens[index].inDirective {
      if reads(index, word(open)) { depth += 1 }
      if reads(index, closing) { depth -= 1 }
      if depth == 0 { return index }
    }
    return nil
  }

  private func word(_ index: Int) -> String {
    guard tokens.indices.contains(index) else { return "" }
    return String(decoding: text[tokens[index].start..<tokens[index].end], as: UTF8.self)
  }

  private func reads(_ index: Int, _ other: String) -> Bool { word(index) == other }

  private func refusal(_ reason: String, line: Int? = nil) -> TesseraError {
    .unsupported(
      "bounds of kernel \(kernel): \(reason)\(line.map { " in line \($0)" } ?? "");"
        + " bounds \"validate\" takes any kernel")
  }
}
