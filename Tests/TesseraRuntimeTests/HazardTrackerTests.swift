import Testing
import TesseraCore
import TesseraHAL
import TesseraRuntime

@Suite struct HazardTrackerTests {
  @Test func `overlap needs a barrier only if one side writes`() {
    let (a, b) = (StubBuffer(), StubBuffer())
    var tracker = HazardTracker()
    tracker.record(a, offset: 0, byteCount: 64, writes: false)
    tracker.record(b, offset: 0, byteCount: 64, writes: true)
    #expect(!tracker.conflicts(a, offset: 0, byteCount: 64, writes: false))  // read after read
    #expect(tracker.conflicts(a, offset: 32, byteCount: 64, writes: true))  // write after read
    #expect(tracker.conflicts(b, offset: 0, byteCount: 1, writes: false))  // read after write
    #expect(tracker.conflicts(b, offset: 63, byteCount: 1, writes: true))  // write after write
    #expect(!tracker.conflicts(b, offset: 64, byteCount: 64, writes: true))  // the bytes after it
  }

  @Test func `a barrier or a new batch forgets`() {
    let a = StubBuffer()
    var tracker = HazardTracker()
    tracker.record(a, offset: 0, byteCount: 64, writes: true)
    tracker.barrier()
    #expect(!tracker.conflicts(a, offset: 0, byteCount: 64, writes: true))
    #expect(tracker.barrierCount == 1)
    tracker.record(a, offset: 0, byteCount: 64, writes: true)
    tracker.reset()
    #expect(!tracker.conflicts(a, offset: 0, byteCount: 64, writes: true))
  }

  @Test func `agrees with a set of bytes on random accesses`() {
    let buffers = (0..<3).map { _ in StubBuffer() }
    for seed in UInt64(0)..<50 {
      var random = Xorshift(seed)
      var tracker = HazardTracker()
      var touched: [[Int: Bool]] = [[:], [:], [:]]  // byte → was written
      for step in 0..<60 {
        let index = random.next(3)
        let (offset, count, writes) = (random.next(40), 1 + random.next(8), random.next(2) == 1)
        let expected = (offset..<(offset + count)).contains { byte in
          touched[index][byte].map { $0 || writes } ?? false
        }
        let found = tracker.conflicts(
          buffers[index], offset: offset, byteCount: count, writes: writes)
        #expect(found == expected, "seed \(seed) step \(step)")
        if expected {
          tracker.barrier()
          touched = [[:], [:], [:]]
        }
        tracker.record(buffers[index], offset: offset, byteCount: count, writes: writes)
        for byte in offset..<(offset + count) {
          touched[index][byte] = (touched[index][byte] ?? false) || writes
        }
      }
    }
  }
}

/// A buffer that is only an identity.
final class StubBuffer: HALBuffer {
  let byteCount = 1024
  let kind = MemoryKind.device
  let isHostVisible = false
  func withHostBytes(
    offset: Int, byteCount: Int, writing: Bool,
    _ body: (UnsafeMutableRawBufferPointer) throws(TesseraError) -> Void
  ) throws(TesseraError) {}
}

/// A small seeded generator for test inputs.
struct Xorshift {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
  mutating func next(_ bound: Int) -> Int { Int(next() >> 11) % bound }
}
