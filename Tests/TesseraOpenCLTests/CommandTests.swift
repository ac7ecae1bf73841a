import TesseraCore
import TesseraHAL
import TesseraOpenCL
import Testing

@Suite struct CommandTests {
  @Test(arguments: [KernelSignature.ArgumentStyle.tessera, .plain])
  func `saxpy adds a scaled vector`(style: KernelSignature.ArgumentStyle) throws {
    let bench = try Bench()
    let count = 1000
    let x = (0..<count).map { Float($0) }
    let y = (0..<count).map { Float(2 * $0 + 1) }
    let (bx, by) = (try bench.buffer(x), try bench.buffer(y))
    let kernel = try bench.kernel(Saxpy.signature(style), Saxpy.source(style))
    try bench.run { encoder in
      try encoder.dispatch(
        kernel, GridSize((count + 63) / 64), block(UInt32(count), Float(3)),
        [Binding(bx, offset: 0, byteCount: 4000), Binding(by, offset: 0, byteCount: 4000)])
    }
    #expect(try bench.read(by, Float(0), count: count) == zip(x, y).map { 3 * $0 + $1 })
  }

  @Test(arguments: [KernelSignature.ArgumentStyle.tessera, .plain])
  func `bound ranges start at their offsets`(style: KernelSignature.ArgumentStyle) throws {
    let bench = try Bench()
    // 4096 bytes suit every driver's alignment of sub-buffers.
    let bx = try bench.buffer((0..<2048).map { Float($0) })
    let by = try bench.buffer([Float](repeating: 1, count: 2048))
    let kernel = try bench.kernel(Saxpy.signature(style), Saxpy.source(style))
    try bench.run { encoder in
      // The same kernel twice with other ranges and constants: nothing may stick.
      for start in [1024, 0] {
        try encoder.dispatch(
          kernel, GridSize(1), block(UInt32(3), Float(start == 0 ? 10 : 2)),
          [
            Binding(bx, offset: 4 * (1024 - start), byteCount: 4096),
            Binding(by, offset: 4 * start, byteCount: 4096),
          ])
      }
    }
    let result = try bench.read(by, Float(0), count: 2048)
    #expect(Array(result[1024..<1028]) == [1, 3, 5, 1])
    #expect(Array(result[0..<4]) == [10241, 10251, 10261, 1])
  }

  @Test func `fill, update and copy touch exactly their ranges`() throws {
    let bench = try Bench()
    let a = try bench.buffer([UInt32](repeating: 7, count: 64), .device)
    let b = try bench.buffer([UInt32](repeating: 9, count: 64))
    try bench.run { encoder in
      try encoder.fill(a, offset: 16, byteCount: 32, pattern: 0xdead_beef)
      // The bytes are copied while recording: this array is gone when the work runs.
      for index in 0..<3 {
        try [UInt32(100 + index)].withUnsafeBytes {
          try encoder.update(a, offset: 80 + 4 * index, bytes: $0)
        }
      }
      try encoder.barrier()
      try encoder.copy(from: a, offset: 12, to: b, offset: 4, byteCount: 100)
    }
    var expected = [UInt32](repeating: 7, count: 64)
    for index in 4..<12 { expected[index] = 0xdead_beef }
    for index in 0..<3 { expected[20 + index] = UInt32(100 + index) }
    #expect(try bench.read(a, UInt32(0), count: 64) == expected)
    let copied = [9] + expected[3..<28] + [UInt32](repeating: 9, count: 38)
    #expect(try bench.read(b, UInt32(0), count: 64) == copied)
  }

  @Test func `commands can run again after they have completed`() throws {
    let bench = try Bench()
    let kernel = try bench.kernel(Saxpy.signature(.tessera), Saxpy.tessera)
    let x = try bench.buffer([Float](repeating: 1, count: 64))
    let y = try bench.buffer([Float](repeating: 0, count: 64))
    let encoder = try bench.device.makeEncoder()
    try encoder.dispatch(
      kernel, GridSize(1), block(UInt32(64), Float(1)),
      [Binding(x, offset: 0, byteCount: 256), Binding(y, offset: 0, byteCount: 256)])
    let commands = try encoder.finish()
    for value in UInt64(1)...5 {
      try bench.device.submit(commands, wait: [], signal: (bench.timeline, value))
      #expect(try bench.timeline.wait(for: value, seconds: nil))
    }
    #expect(try bench.read(y, Float(0), count: 64) == [Float](repeating: 5, count: 64))
    #expect(throws: TesseraError.self) { try encoder.finish() }
  }

  @Test func `timing slots measure their commands`() throws {
    let bench = try Bench()
    let kernel = try bench.kernel(Saxpy.signature(.tessera), Saxpy.tessera)
    let count = 1 << 15
    let x = try bench.buffer([Float](repeating: 1, count: count))
    let y = try bench.buffer([Float](repeating: 0, count: count))
    let commands = try bench.run { encoder in
      try encoder.beginTiming(0)
      try encoder.endTiming(0)
      for slot in 1...2 {
        try encoder.beginTiming(slot)
        for _ in 0..<(slot == 1 ? 1 : 3) {
          try encoder.dispatch(
            kernel, GridSize(count / 64), block(UInt32(count), Float(1)),
            [
              Binding(x, offset: 0, byteCount: 4 * count),
              Binding(y, offset: 0, byteCount: 4 * count),
            ])
        }
        try encoder.endTiming(slot)
      }
    }
    let spans = try commands.timings()
    try #require(spans.count == 3)
    #expect(spans[0] == nil)
    let one = try #require(spans[1])
    let three = try #require(spans[2])
    #expect(one.end > one.start)
    #expect(three.end > three.start)
    #expect(three.start >= one.end)
  }
}
