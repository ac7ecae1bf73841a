package import TesseraCore
package import TesseraHAL

/// Host memory, always visible to the host.
///
/// `@unchecked Sendable`: the runtime orders accesses to the bytes; the object itself is constant.
package final class CPUBuffer: HALBuffer, @unchecked Sendable {
  package let byteCount: Int
  package let kind: MemoryKind
  /// 64-byte aligned.
  let base: UnsafeMutableRawPointer
  private let memory: HostMemory

  init(byteCount: Int, kind: MemoryKind, memory: HostMemory) throws(TesseraError) {
    base = try memory.allocate(byteCount)
    self.byteCount = byteCount
    self.kind = kind
    self.memory = memory
  }

  deinit { memory.free(base, byteCount: byteCount) }

  package var isHostVisible: Bool { true }

  package func withHostBytes(
    offset: Int, byteCount: Int, writing: Bool,
    _ body: (UnsafeMutableRawBufferPointer) throws(TesseraError) -> Void
  ) throws(TesseraError) {
    try body(UnsafeMutableRawBufferPointer(start: base + offset, count: byteCount))
  }
}
