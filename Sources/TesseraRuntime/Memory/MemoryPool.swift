import Synchronization
package import TesseraCore
package import TesseraHAL

/// Keeps released memory for reuse, within a bound.
///
/// Every block carries the timeline value of the last work that uses it. A device executes in order,
/// so kernels may use a block again at once; the host may touch it only when that value is reached.
/// `@unchecked Sendable`: all mutable state is guarded by `lock`, a leaf lock.
package final class MemoryPool: @unchecked Sendable {
  private struct Kept {
    var block: MemoryBlock
    var readyAt: UInt64
  }
  private struct Class: Hashable {
    var byteCount: Int
    var kind: MemoryKind
  }

  private let device: any HALDevice
  private let lock = Mutex(())
  private var kept: [Class: [Kept]] = [:]
  private var statistics = MemoryStatistics()
  /// Bytes kept at most; more is given back to the driver.
  private let cacheLimit: Int

  package init(device: any HALDevice, cacheLimit: Int? = nil) {
    self.device = device
    self.cacheLimit = cacheLimit ?? max(64 << 20, device.capabilities.memoryBytes / 4)
  }

  /// Rounds a request up to its size class: steps of an eighth of the power of two below, so at most
  /// 12.5 % is wasted; at least 256 bytes, which also pads every tensor for whole-word access.
  package static func sizeClass(_ byteCount: Int) throws(TesseraError) -> Int {
    guard byteCount > 256 else { return 256 }
    let step = max(256, 1 << (Int.bitWidth - 1 - (byteCount - 1).leadingZeroBitCount - 3))
    let (sum, overflow) = byteCount.addingReportingOverflow(step - 1)
    if overflow { throw .overLimit("bytes of a buffer", requested: byteCount, limit: Int.max - step) }
    return sum / step * step
  }

  /// A block of at least `byteCount` bytes; with `idleAt`, one whose last use has been completed by
  /// that timeline value, so that the host may write it now.
  /// - Throws: `overLimit` beyond the device's largest buffer, `outOfMemory` after a trim and a retry.
  package func allocate(
    byteCount: Int, kind: MemoryKind, idleAt completed: UInt64?
  ) throws(TesseraError) -> MemoryBlock {
    let capabilities = device.capabilities
    guard byteCount <= capabilities.maxAllocation else {
      throw .overLimit(
        "bytes of a buffer", requested: byteCount, limit: capabilities.maxAllocation,
        device: capabilities.name)
    }
    let size = min(try Self.sizeClass(byteCount), max(capabilities.maxAllocation, byteCount))
    let reused: MemoryBlock? = lock.withLock { _ in
      let key = Class(byteCount: size, kind: kind)
      guard var list = kept[key],
        let index = list.lastIndex(where: { $0.readyAt <= completed ?? .max })
      else { return nil }
      let entry = list.remove(at: index)
      kept[key] = list
      statistics.cached -= size
      statistics.reuses += 1
      add(active: size)
      return MemoryBlock(buffer: entry.block.buffer, readyAt: entry.readyAt)
    }
    if let reused { return reused }
    let buffer: any HALBuffer
    do {
      buffer = try device.allocate(byteCount: size, kind: kind)
    } catch {
      guard error.code == .outOfMemory else { throw error }
      trim()
      device.trim()
      do {
        buffer = try device.allocate(byteCount: size, kind: kind)
      } catch {
        guard error.code == .outOfMemory else { throw error }
        throw .outOfMemory(
          requested: byteCount, available: device.memory().available, device: capabilities.name)
      }
    }
    lock.withLock { _ in
      statistics.driverAllocations += 1
      add(active: size)
    }
    return MemoryBlock(buffer: buffer)
  }

  /// Takes a block back; work up to timeline value `lastUse` may still be using it.
  package func retire(_ block: MemoryBlock, lastUse: UInt64) {
    let dropped: [Kept] = lock.withLock { _ in
      statistics.active -= block.byteCount
      let key = Class(byteCount: block.byteCount, kind: block.kind)
      kept[key, default: []].append(Kept(block: block, readyAt: lastUse))
      statistics.cached += block.byteCount
      return statistics.cached > cacheLimit ? removeLargest(until: cacheLimit / 2) : []
    }
    // In-flight commands hold their own references, so dropping a busy block here is safe.
    withExtendedLifetime(dropped) {}
  }

  /// Gives all kept memory back to the driver.
  package func trim() {
    let dropped = lock.withLock { _ in removeLargest(until: 0) }
    withExtendedLifetime(dropped) {}
  }

  package func snapshot() -> MemoryStatistics { lock.withLock { _ in statistics } }

  /// Starts a new peak at what is active now.
  package func resetPeak() { lock.withLock { _ in statistics.peak = statistics.active } }

  private func add(active byteCount: Int) {
    statistics.active += byteCount
    statistics.peak = max(statistics.peak, statistics.active)
  }

  private func removeLargest(until limit: Int) -> [Kept] {
    var dropped: [Kept] = []
    for key in kept.keys.sorted(by: { $0.byteCount > $1.byteCount }) {
      while statistics.cached > limit, let entry = kept[key]?.popLast() {
        statistics.cached -= key.byteCount
        dropped.append(entry)
      }
      if kept[key]?.isEmpty == true { kept[key] = nil }
    }
    return dropped
  }
}
