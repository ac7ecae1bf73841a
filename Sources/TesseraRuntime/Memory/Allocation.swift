package import Synchronization
package import TesseraCore
import TesseraHAL

/// Device memory lent by the pool, returned when the last reference goes.
package final class Allocation: Sendable {
  package let block: MemoryBlock
  /// Bytes asked for; the block may hold more.
  package let byteCount: Int
  /// Where its first byte is in the block: guards, or memory that belongs to nobody, may come before it.
  package let origin: Int
  package let context: DeviceContext
  /// Timeline value of the last work that touches this memory, an earlier owner's included: reused
  /// memory may still be in flight when it is handed out.
  package let lastUse: Atomic<UInt64>
  /// What became of the batch that wrote this memory last.
  private let writer = Mutex<BatchOutcome?>(nil)

  init(block: MemoryBlock, byteCount: Int, origin: Int, context: DeviceContext) {
    self.block = block
    self.origin = origin
    lastUse = Atomic(block.readyAt)
    self.byteCount = byteCount
    self.context = context
  }

  deinit {
    if origin > 0 { context.guarded.remove(self) }
    context.pool.retire(block, lastUse: lastUse.load(ordering: .acquiring))
  }

  /// Bytes that kernels may address: the request and its padding.
  package var capacity: Int { origin > 0 ? (byteCount + 3) & ~3 : block.byteCount }

  /// Notes that a batch writes this memory.
  func noteWriter(_ outcome: BatchOutcome) {
    writer.withLock { $0 = outcome }
  }

  /// Throws if the work that wrote this memory last has failed.
  package func checkNotPoisoned() throws(TesseraError) {
    if let error = writer.withLock({ $0?.failure }) { throw .poisoned(by: error) }
  }
}

/// Whether a batch failed. Apart from the batch itself, so that a tensor that outlives the batch that
/// wrote it does not keep the batch's commands.
final class BatchOutcome: Sendable {
  private let state = Mutex<TesseraError?>(nil)

  /// Why the batch's results are not what was asked for; nil as far as is known.
  var failure: TesseraError? { state.withLock { $0 } }

  func fail(_ error: TesseraError) {
    state.withLock { if $0 == nil { $0 = error } }
  }
}

/// Some bytes of an allocation.
package struct BufferRange: Sendable {
  package var allocation: Allocation
  package var offset: Int
  package var byteCount: Int

  /// Where the first byte is in the buffer of the allocation's block.
  var position: Int { allocation.origin + offset }

  package init(_ allocation: Allocation, offset: Int = 0, byteCount: Int? = nil) {
    self.allocation = allocation
    self.offset = offset
    self.byteCount = byteCount ?? allocation.byteCount - offset
  }
}
