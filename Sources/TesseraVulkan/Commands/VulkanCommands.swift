import CVulkan
package import TesseraCore
import TesseraHAL

/// A recorded command buffer. `@unchecked Sendable`: immutable.
package final class VulkanCommands: HALCommands, @unchecked Sendable {
  let lease: CommandLease

  init(_ lease: CommandLease) { self.lease = lease }

  package func timings() throws(TesseraError) -> [(start: UInt64, end: UInt64)?] {
    let resources = lease.resources
    var result: [(start: UInt64, end: UInt64)?] = []
    for (slot, timing) in resources.timings.enumerated() {
      result.append(timing.isUsed ? try read(slot) : nil)
    }
    return result
  }

  /// Start and end of a slot in nanoseconds.
  private func read(_ slot: Int) throws(TesseraError) -> (start: UInt64, end: UInt64) {
    let context = lease.context
    let perPool = CommandResources.queriesPerPool
    let (pool, first) = (2 * slot).quotientAndRemainder(dividingBy: perPool)
    var ticks: (UInt64, UInt64) = (0, 0)
    let result = withUnsafeMutableBytes(of: &ticks) {
      context.vk.vkGetQueryPoolResults(
        context.handle, lease.resources.queryPools[pool], UInt32(first), 2, $0.count,
        $0.baseAddress, 8, flags(VK_QUERY_RESULT_64_BIT))
    }
    // VK_NOT_READY: the commands have not completed, which the caller was to wait for.
    try context.check("vkGetQueryPoolResults", result)
    let bits = context.adapter.timestampBits
    let mask = bits >= 64 ? UInt64.max : 1 << UInt64(bits) - 1
    let start = ticks.0 & mask
    // The counter may wrap within a span; counted from the start it is monotonic.
    let duration = (ticks.1 &- ticks.0) & mask
    return (nanoseconds(start), nanoseconds(start) &+ nanoseconds(duration))
  }

  private func nanoseconds(_ ticks: UInt64) -> UInt64 {
    let period = lease.context.adapter.properties.limits.timestampPeriod
    // Most drivers count nanoseconds; a product of doubles would round large values.
    if period == 1 { return ticks }
    let product = Double(ticks) * Double(period)
    return product < 1.8e19 ? UInt64(product) : .max
  }
}
