import TesseraHAL

/// Recorded commands in flat arrays that keep their capacity from use to use, so that recording does
/// not allocate once they have grown.
///
/// `@unchecked Sendable`: owned by one encoder, then read by the dispatcher thread, then recycled;
/// each hand-over goes through a lock.
final class Recording: @unchecked Sendable {
  enum Command {
    case dispatch(Dispatch)
    case copy(from: UnsafeRawPointer, to: UnsafeMutableRawPointer, byteCount: Int)
    case fill(UnsafeMutableRawPointer, byteCount: Int, pattern: UInt32)
    /// `block` indexes `inline`.
    case update(UnsafeMutableRawPointer, block: Int, byteCount: Int)
    case beginTiming(Int)
    case endTiming(Int)
  }
  struct Dispatch {
    var function: HostFunction
    var groups: GridSize
    var localBytes: Int
    /// Where in `bindings` the slots begin, and how many there are.
    var bindings: Int
    var bindingCount: Int
    /// Where in `inline` the constants begin, and their bytes.
    var constants: Int
    var constantBytes: Int
  }

  var commands: [Command] = []
  var bindings: [UnsafeMutableRawBufferPointer] = []
  /// Constants and inline data, in blocks of 16 bytes so that each begins aligned.
  var inline: [SIMD2<UInt64>] = []
  /// Keeps memory and kernels alive while the commands are.
  var kept: [AnyObject] = []
  /// Times of each timing slot as measured; zero where nothing was.
  var times: [(start: UInt64, end: UInt64)] = []
  /// Largest local memory of any dispatch.
  var localBytes = 0

  /// Copies bytes to `inline`; returns the index of their first block.
  func append(inline bytes: UnsafeRawBufferPointer) -> Int {
    let start = inline.count
    let blocks = (bytes.count + 15) / 16
    inline.append(contentsOf: repeatElement(.zero, count: blocks))
    inline.withUnsafeMutableBytes { memory in
      guard let base = memory.baseAddress, let source = bytes.baseAddress else { return }
      (base + start * 16).copyMemory(from: source, byteCount: bytes.count)
    }
    return start
  }

  func removeAll() {
    commands.removeAll(keepingCapacity: true)
    bindings.removeAll(keepingCapacity: true)
    inline.removeAll(keepingCapacity: true)
    kept.removeAll(keepingCapacity: true)
    times.removeAll(keepingCapacity: true)
    localBytes = 0
  }
}
