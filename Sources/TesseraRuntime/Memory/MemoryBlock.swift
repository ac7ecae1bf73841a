package import TesseraHAL

/// One allocation of the driver, owned by the pool or lent to an `Allocation`.
package struct MemoryBlock: Sendable {
  package let buffer: any HALBuffer
  package var byteCount: Int { buffer.byteCount }
  package var kind: MemoryKind { buffer.kind }
}
