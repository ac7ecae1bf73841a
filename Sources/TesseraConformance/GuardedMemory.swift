package import TesseraCore
package import TesseraRuntime

/// A tensor's memory between guard bytes, everything filled with 0xFF beforehand.
///
/// All ones is NaN in every floating-point type: an element that a kernel does not write stays NaN, a
/// read past an input's end brings NaN into the result, and a write past an output's end changes a
/// guard. Guards of outputs are another NaN than those of inputs, so that NaN read past the end of an
/// input and written past that of an output is seen, too.
package struct GuardedMemory: Sendable {
  /// Bytes of each guard; a multiple of every alignment a device asks for.
  package static let guardBytes = 4096
  package let range: BufferRange
  /// Word of the guards.
  private let pattern: UInt32

  /// Makes guarded memory for `byteCount` bytes; `data`, if any, is copied in.
  package init(
    byteCount: Int, data: HostTensor? = nil, on context: DeviceContext
  ) throws(TesseraError) {
    let body = (byteCount + 3) & ~3
    let whole = try context.allocate(byteCount: Self.guardBytes * 2 + body)
    pattern = data == nil ? 0x7FAD_7FAD : 0xFFFF_FFFF
    for offset in [0, Self.guardBytes + body] {
      try context.fill(
        BufferRange(whole, offset: offset, byteCount: Self.guardBytes), pattern: pattern)
    }
    if body > 0 {
      try context.fill(
        BufferRange(whole, offset: Self.guardBytes, byteCount: body), pattern: 0xFFFF_FFFF)
    }
    range = BufferRange(whole, offset: Self.guardBytes, byteCount: byteCount)
    guard let data, byteCount > 0 else { return }
    let target = range
    try data.withUnsafeBytes { bytes throws(TesseraError) in try context.write(bytes, to: target) }
  }

  /// The tensor's content.
  package func read(dtype: DType, shape: Shape) throws(TesseraError) -> HostTensor {
    try HostTensor(dtype: dtype, shape: shape) { bytes throws(TesseraError) in
      try range.allocation.context.read(range, into: bytes)
    }
  }

  /// Whether both guards are as they were.
  package func guardsIntact() throws(TesseraError) -> Bool {
    // The padding to whole words may be rewritten with what was read there.
    let after = Self.guardBytes + ((range.byteCount + 3) & ~3)
    for offset in [0, after] {
      var words = [UInt32](repeating: 0, count: Self.guardBytes / 4)
      try words.withUnsafeMutableBufferPointer { buffer throws(TesseraError) in
        try range.allocation.context.read(
          BufferRange(range.allocation, offset: offset, byteCount: Self.guardBytes),
          into: UnsafeMutableRawBufferPointer(buffer))
      }
      guard words.allSatisfy({ $0 == pattern }) else { return false }
    }
    return true
  }
}
