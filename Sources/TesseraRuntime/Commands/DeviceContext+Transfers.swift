import Synchronization
package import TesseraCore
import TesseraHAL

extension DeviceContext {
  /// Bytes of one staging buffer; larger transfers go in pieces.
  private static let stagingBytes = 16 << 20

  /// Copies host bytes into device memory. Returns when `bytes` may be reused.
  package func write(_ bytes: UnsafeRawBufferPointer, to range: BufferRange) throws(TesseraError) {
    guard bytes.count == range.byteCount else {
      throw .invalidArgument(
        "write", got: "\(bytes.count) bytes", allowed: "exactly \(range.byteCount)")
    }
    try DispatchValidator.check(range: range, name: "destination", context: self)
    guard !bytes.isEmpty else { return }
    let buffer = range.allocation.block.buffer
    let idle = range.allocation.lastUse.load(ordering: .acquiring) <= (try refreshCompleted())
    if buffer.isHostVisible && idle {
      try buffer.withHostBytes(offset: range.position, byteCount: range.byteCount, writing: true) {
        $0.copyMemory(from: bytes)
      }
      return
    }
    var done = 0
    while done < bytes.count {
      let count = min(Self.stagingBytes, bytes.count - done)
      let staging = try allocate(byteCount: count, kind: .staging, hostWrites: true)
      let piece = UnsafeRawBufferPointer(rebasing: bytes[done..<(done + count)])
      try staging.block.buffer.withHostBytes(offset: 0, byteCount: count, writing: true) {
        $0.copyMemory(from: piece)
      }
      try copy(
        from: BufferRange(staging),
        to: BufferRange(range.allocation, offset: range.offset + done, byteCount: count))
      done += count
    }
  }

  /// Waits for the work that produces a range and copies it to the host.
  /// - Throws: the failure of that work, `timedOut`.
  package func read(
    _ range: BufferRange, into bytes: UnsafeMutableRawBufferPointer, seconds: Double? = nil
  ) throws(TesseraError) {
    guard bytes.count == range.byteCount else {
      throw .invalidArgument(
        "read", got: "\(bytes.count) bytes", allowed: "exactly \(range.byteCount)")
    }
    try DispatchValidator.check(range: range, name: "source", context: self)
    guard !bytes.isEmpty else { return }
    if range.allocation.block.buffer.isHostVisible {
      try wait(for: range.allocation.lastUse.load(ordering: .acquiring), seconds: seconds)
      try range.allocation.checkNotPoisoned()
      try range.allocation.block.buffer.withHostBytes(
        offset: range.position, byteCount: range.byteCount, writing: false
      ) { bytes.copyMemory(from: UnsafeRawBufferPointer($0)) }
      return
    }
    var done = 0
    while done < bytes.count {
      let count = min(Self.stagingBytes, bytes.count - done)
      let staging = try allocate(byteCount: count, kind: .staging)
      try copy(
        from: BufferRange(range.allocation, offset: range.offset + done, byteCount: count),
        to: BufferRange(staging))
      let value = try flush()
      try wait(for: value, seconds: seconds)
      try range.allocation.checkNotPoisoned()
      let piece = UnsafeMutableRawBufferPointer(rebasing: bytes[done..<(done + count)])
      try staging.block.buffer.withHostBytes(offset: 0, byteCount: count, writing: false) {
        piece.copyMemory(from: UnsafeRawBufferPointer($0))
      }
      done += count
    }
  }
}
