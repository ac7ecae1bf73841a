package import Synchronization
package import TesseraCore
import TesseraHAL

/// Device memory lent by the pool, returned when the last reference goes.
package final class Allocation: Sendable {
  package let block: MemoryBlock
  /// Bytes asked for; the block may hold more.
  package let byteCount: Int
  package let context: DeviceContext
  /// Timeline value of the last work that touches this memory.
  package let lastUse = Atomic<UInt64>(0)
  /// Why the content is not what was asked for, if work that writes it failed.
  private let failure = Mutex<TesseraError?>(nil)

  init(block: MemoryBlock, byteCount: Int, context: DeviceContext) {
    self.block = block
    self.byteCount = byteCount
    self.context = context
  }

  deinit { context.pool.retire(block, lastUse: lastUse.load(ordering: .acquiring)) }

  /// Bytes that kernels may address: the request and its padding.
  package var capacity: Int { block.byteCount }

  /// Marks the content as lost because work that writes it failed.
  func poison(_ error: TesseraError) {
    failure.withLock { if $0 == nil { $0 = error } }
  }

  /// Throws if work that writes this memory failed.
  package func checkNotPoisoned() throws(TesseraError) {
    if let error = failure.withLock({ $0 }) { throw .poisoned(by: error) }
  }
}

/// Some bytes of an allocation.
package struct BufferRange: Sendable {
  package var allocation: Allocation
  package var offset: Int
  package var byteCount: Int

  package init(_ allocation: Allocation, offset: Int = 0, byteCount: Int? = nil) {
    self.allocation = allocation
    self.offset = offset
    self.byteCount = byteCount ?? allocation.byteCount - offset
  }
}
