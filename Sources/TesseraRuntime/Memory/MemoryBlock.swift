package import TesseraHAL

/// One allocation of the driver, owned by the pool or lent to an `Allocation`.
package struct MemoryBlock: Sendable {
  package let buffer: any HALBuffer
  /// Timeline value of the last work of an earlier owner; the host may not touch it before.
  package var readyAt: UInt64 = 0
  package var byteCount: Int { buffer.byteCount }
  package var kind: MemoryKind { buffer.kind }

  package init(buffer: any HALBuffer, readyAt: UInt64 = 0) {
    self.buffer = buffer
    self.readyAt = readyAt
  }
}
