/// Counters of a device's memory pool, in bytes.
public struct MemoryStatistics: Sendable, Hashable, Codable {
  /// Lent out to live tensors and scratch buffers.
  public var active: Int
  /// Kept for reuse.
  public var cached: Int
  /// Largest `active` since the device was opened or the peak was reset.
  public var peak: Int
  /// Driver allocations made since the device was opened.
  public var driverAllocations: Int
  /// Requests served from kept memory.
  public var reuses: Int

  package init() {
    active = 0
    cached = 0
    peak = 0
    driverAllocations = 0
    reuses = 0
  }
}
