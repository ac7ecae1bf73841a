import TesseraHAL

/// A range of a buffer as recorded: what `Binding` says, with the buffer's own type.
struct BoundRange {
  let buffer: OpenCLBuffer
  let offset: Int
  let byteCount: Int
}

/// One recorded command: plain data that points into its storage's arrays.
struct Command {
  enum Operation: UInt8 {
    /// `kernel`, ranges from `firstRange`, constants at `data`, global size.
    case dispatch
    /// From range `firstRange` to the next one.
    case copy
    /// Range `firstRange` with the pattern `data`.
    case fill
    /// Range `firstRange` with bytes at `data`.
    case update
  }
  var operation: Operation
  var kernel = 0
  var firstRange: Int
  var data = 0
  var global = (x: 0, y: 0, z: 0)
  /// Timing slot whose span this command opens or closes; -1 for none.
  var opens = -1
  var closes = -1
}

/// What an encoder records and a submission replays: flat arrays that keep their capacity.
final class CommandStorage: @unchecked Sendable {
  // Unchecked: one owner at a time, an encoder, then its commands, then the pool.
  var commands: [Command] = []
  var kernels: [OpenCLKernel] = []
  var ranges: [BoundRange] = []
  let bytes = ByteArena()
  /// Number of timing slots begun.
  var slotCount = 0
  /// Whether queued commands read `bytes` after `submit` has returned.
  var hasUpdates = false

  /// Forgets the commands and what they kept alive.
  func reset() {
    commands.removeAll(keepingCapacity: true)
    kernels.removeAll(keepingCapacity: true)
    ranges.removeAll(keepingCapacity: true)
    bytes.reset()
    slotCount = 0
    hasUpdates = false
  }
}

/// Growing bytes with a stable address while nothing is appended: drivers read from it until queued
/// writes are done, which an `Array` does not allow.
final class ByteArena {
  private(set) var base: UnsafeMutableRawPointer
  private(set) var capacity: Int
  private(set) var count = 0

  init() {
    capacity = 4096
    base = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit { base.deallocate() }

  func reset() { count = 0 }

  /// Appends a copy of `source`, 16-byte aligned.
  /// - Returns: its offset from `base`.
  func append(_ source: UnsafeRawBufferPointer) -> Int {
    let offset = (count + 15) & ~15
    let end = offset + source.count
    if end > capacity { grow(to: end) }
    if let address = source.baseAddress {
      (base + offset).copyMemory(from: address, byteCount: source.count)
    }
    count = end
    return offset
  }

  private func grow(to needed: Int) {
    let larger = max(needed, capacity * 2)
    let moved = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
    moved.copyMemory(from: base, byteCount: count)
    base.deallocate()
    base = moved
    capacity = larger
  }
}
