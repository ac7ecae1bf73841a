/// NVIDIA's assembly text, as its OpenCL compiler writes and its program loader reads it.
///
/// The compiler writes `.target sm_90` and knows none of Hopper's own instructions (`wgmma`, bulk
/// tensor copies, `setmaxnreg`), which need `.target sm_90a`. A kernel hides such an instruction
/// from it in a PTX comment, `asm volatile("//@wgmma.mma_async… {%0, …};" : "+f"(…) …)`: operands
/// are put in and registers allocated all the same. Uncovering the text and loading it as a binary
/// gives the kernel that was meant.
enum PTXText {
  /// What hides an instruction.
  static let mark = "//@"

  /// Whether `text` is PTX rather than OpenCL C: its first statement is `.version`.
  static func isPTX(_ text: String) -> Bool {
    for line in text.split(whereSeparator: \.isNewline) {
      let line = line.drop(while: \.isWhitespace)
      if line.isEmpty || line.hasPrefix("//") { continue }
      return line.hasPrefix(".version")
    }
    return false
  }

  /// The text with hidden instructions uncovered and the target that has them; nil if it hides
  /// none.
  static func uncovered(_ ptx: [UInt8], computeCapability: Int) -> [UInt8]? {
    let mark = Array(mark.utf8)
    let target = Array(".target sm_\(computeCapability)".utf8)
    var result: [UInt8] = []
    result.reserveCapacity(ptx.count + 1)
    var found = false
    var index = 0
    while index < ptx.count {
      if matches(ptx, at: index, mark) {
        found = true
        index += mark.count
      } else if matches(ptx, at: index, target) {
        result += target
        index += target.count
        // The features of one architecture and no other; a target that has the letter keeps it.
        if index < ptx.count, ptx[index] != UInt8(ascii: "a") { result.append(UInt8(ascii: "a")) }
      } else {
        result.append(ptx[index])
        index += 1
      }
    }
    return found ? result : nil
  }

  /// Whether PTX text is for one architecture's own features, as uncovered text is.
  static func isArchitectureSpecific(_ ptx: [UInt8]) -> Bool {
    let target = Array(".target sm_".utf8)
    guard let start = ptx.indices.first(where: { matches(ptx, at: $0, target) }) else { return false }
    let digits = ptx[(start + target.count)...].prefix { (0x30...0x39).contains($0) }
    return digits.endIndex < ptx.count && ptx[digits.endIndex] == UInt8(ascii: "a")
  }

  private static func matches(_ text: [UInt8], at index: Int, _ pattern: [UInt8]) -> Bool {
    guard text.count - index >= pattern.count else { return false }
    for offset in 0..<pattern.count where text[index + offset] != pattern[offset] { return false }
    return true
  }
}
