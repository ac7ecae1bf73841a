package import TesseraCore
package import TesseraRuntime

/// A tensor's memory between guard bytes, everything filled with 0xFF beforehand.
///
/// All ones is NaN in every floating-point type: an element that a kernel does not write stays NaN, a
/// read past an input's end brings NaN into the result, and a write past an output's end changes a
/// guard.
package struct GuardedMemory: Sendable {
  /// Bytes of each guard; a multiple of every alignment a device asks for.
  package static let guardBytes = 4096
  package let range: BufferRange

  /// Makes guarded memory for `byteCount` bytes; `data`, if any, is copied in.
  /// - Parameter whole: writes guards and data at once from the host: oclgrind forgets what is
  ///   initialised in a buffer when the host writes a part of it.
  package init(
    byteCount: Int, data: HostTensor? = nil, whole atOnce: Bool = false, on context: DeviceContext
  ) throws(TesseraError) {
    let body = (byteCount + 3) & ~3
    let whole = try context.allocate(byteCount: Self.guardBytes * 2 + body)
    range = BufferRange(whole, offset: Self.guardBytes, byteCount: byteCount)
    if atOnce {
      var bytes = [UInt8](repeating: 0xFF, count: whole.byteCount)
      data?.withUnsafeBytes { source in
        bytes.withUnsafeMutableBytes {
          UnsafeMutableRawBufferPointer(rebasing: $0[Self.guardBytes...]).copyMemory(from: source)
        }
      }
      try bytes.withUnsafeBufferPointer { bytes throws(TesseraError) in
        try context.write(UnsafeRawBufferPointer(bytes), to: BufferRange(whole))
      }
      return
    }
    try context.fill(BufferRange(whole), pattern: 0xFFFF_FFFF)
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
    let whole = BufferRange(range.allocation)
    var bytes = [UInt8](repeating: 0, count: whole.byteCount)
    try bytes.withUnsafeMutableBufferPointer { buffer throws(TesseraError) in
      try range.allocation.context.read(whole, into: UnsafeMutableRawBufferPointer(buffer))
    }
    let after = Self.guardBytes + range.byteCount
    // The padding to whole words may be rewritten with what was read there.
    return bytes[0..<Self.guardBytes].allSatisfy { $0 == 0xFF }
      && bytes[((after + 3) & ~3)...].allSatisfy { $0 == 0xFF }
  }
}
