import TesseraHAL

/// How `list_rows` lays out its bitmaps.
struct ListRowsForm {
  /// Invocations per row.
  let lanes: Int
  /// Words of a row's bitmap.
  let span: Int

  /// - Parameter bytesPerWord: local memory for each word of a bitmap.
  init(blocks: Int, width: Int, bytesPerWord: Int = 8, _ capabilities: Capabilities) {
    let words = Self.powerOfTwo((blocks + 31) / 32)
    // Half of local memory leaves room for two workgroups.
    var most = 2048
    while most > 64, bytesPerWord * most > capabilities.localMemoryBytes / 2 { most /= 2 }
    span = min(words, most)
    // Few lanes per row waste few, and add up few partial sums; several words and entries each.
    lanes = min(64, max(4, span / 4, Self.powerOfTwo(width) / 4))
  }

  /// The kernel's parameters.
  func parameters(_ blocks: Int, host: Bool) -> [KernelSpec.Parameter] {
    host
      ? [.init("LOCAL_BYTES", (blocks + 63) / 64 * 8 + 64)]
      : [.init("LANES", lanes), .init("SPAN", span)]
  }

  /// Loop iterations of one invocation.
  func iterations(blocks: Int, width: Int, sequences: Int) -> Int {
    let steps = 2 * ((blocks + 32 * span - 1) / (32 * span))
    return sequences + steps * (3 * (span / lanes + 1) + 3 * (width / lanes + 1) + 2 * lanes + 16)
      + blocks / lanes
  }

  /// The power of two at or above `count`.
  static func powerOfTwo(_ count: Int) -> Int {
    var power = 1
    while power < count { power *= 2 }
    return power
  }
}
