import Synchronization
import TesseraCPU
import TesseraCore
import TesseraHAL
import Testing

@Suite struct DispatchTests {
  @Test(arguments: [(1, 1, 1), (7, 1, 1), (1, 5, 3), (1000, 3, 2), (100_003, 1, 1)])
  func `every workgroup runs exactly once`(_ x: Int, _ y: Int, _ z: Int) throws {
    let bench = try Bench()
    let count = x * y * z
    let buffer = try bench.buffer([UInt32](repeating: 0, count: count))
    let kernel = try bench.kernel("count") { group in
      let index =
        (group.group.z * group.groups.y + group.group.y) * group.groups.x + group.group.x
      group.buffers[0].bindMemory(to: UInt32.self)[index] += UInt32(index) + 1
    }
    try bench.run { try $0.dispatch(kernel, groups: GridSize(x, y, z), buffer) }
    #expect(try bench.read(buffer, count) == (0..<count).map { UInt32($0) + 1 })
  }

  @Test func `constants and bound ranges arrive as given`() throws {
    let bench = try Bench()
    let buffer = try bench.buffer([UInt32](repeating: 9, count: 8))
    let kernel = try bench.kernel("write", constantBytes: 8) { group in
      let values = group.constants.bindMemory(to: UInt32.self)
      let target = group.buffers[0].bindMemory(to: UInt32.self)
      target[0] = values[0]
      target[1] = values[1]
      target[2] = UInt32(group.buffers[0].count)
    }
    try bench.run { encoder in
      try [UInt32(5), 6].withUnsafeBytes { constants in
        try withUnsafePointer(to: Binding(buffer, offset: 8, byteCount: 12)) { binding in
          try encoder.dispatch(
            kernel, groups: GridSize(1), constants: constants,
            bindings: UnsafeBufferPointer(start: binding, count: 1))
        }
      }
    }
    #expect(try bench.read(buffer, 8) == [9, 9, 5, 6, 12, 9, 9, 9] as [UInt32])
  }

  @Test func `commands run in the order recorded and see all of the step before`() throws {
    let bench = try Bench()
    let groups = 97
    let start = (0..<groups).map { UInt32($0 * 2_654_435 + 1) }
    let a = try bench.buffer(start)
    let b = try bench.buffer(start)
    // Each group reads its neighbour's value of the step before: wrong without a barrier between.
    let step = try bench.kernel("mix", slots: 2) { group in
      let (source, target) = (
        group.buffers[0].bindMemory(to: UInt32.self), group.buffers[1].bindMemory(to: UInt32.self)
      )
      let x = group.group.x
      target[x] = source[x] &* 3 &+ source[(x + 1) % group.groups.x]
    }
    var expected = start
    for _ in 0..<200 {
      expected = (0..<groups).map { expected[$0] &* 3 &+ expected[($0 + 1) % groups] }
    }
    for _ in 0..<4 {
      try bench.submit { encoder in
        for _ in 0..<25 {
          try encoder.dispatch(step, groups: GridSize(groups), a, b)
          try encoder.dispatch(step, groups: GridSize(groups), b, a)
        }
      }
    }
    #expect(try bench.timeline.wait(for: bench.value, seconds: 60))
    #expect(try bench.read(a, groups) == expected)
  }

  @Test func `copies, fills and updates reach exactly their bytes`() throws {
    let bench = try Bench()
    let a = try bench.buffer((0..<16).map { UInt32($0) })
    let b = try bench.buffer([UInt32](repeating: 7, count: 16))
    try bench.run { encoder in
      try encoder.copy(from: a, offset: 8, to: b, offset: 4, byteCount: 12)
      try encoder.fill(b, offset: 24, byteCount: 8, pattern: 0xDEAD_BEEF)
      try [UInt32(100), 101].withUnsafeBytes { try encoder.update(b, offset: 40, bytes: $0) }
      try encoder.copy(from: b, offset: 40, to: b, offset: 44, byteCount: 8)
    }
    #expect(
      try bench.read(b, 16)
        == [7, 2, 3, 4, 7, 7, 0xDEAD_BEEF, 0xDEAD_BEEF, 7, 7, 100, 100, 101, 7, 7, 7] as [UInt32])
  }

  @Test func `local memory belongs to one workgroup at a time`() throws {
    let bench = try Bench()
    let words = 4096
    let groups = 400
    let buffer = try bench.buffer([UInt32](repeating: 0, count: groups))
    let kernel = try bench.kernel("private", localBytes: words * 4) { group in
      let local = group.local.bindMemory(to: UInt32.self)
      let mine = UInt32(group.group.x)
      for index in local.indices { local[index] = mine &* 31 &+ UInt32(index) }
      var wrong: UInt32 = 0
      for index in local.indices where local[index] != mine &* 31 &+ UInt32(index) { wrong += 1 }
      let aligned = UInt(bitPattern: group.local.baseAddress) % 64 == 0
      let complete = local.count == words && aligned
      group.buffers[0].bindMemory(to: UInt32.self)[group.group.x] = complete ? wrong + 1 : 0
    }
    try bench.run { try $0.dispatch(kernel, groups: GridSize(groups), buffer) }
    #expect(try bench.read(buffer, groups) == [UInt32](repeating: 1, count: groups))
  }

  @Test func `commands can be submitted again`() throws {
    let bench = try Bench()
    let buffer = try bench.buffer([UInt32(0)])
    let kernel = try bench.kernel("increment") {
      $0.buffers[0].bindMemory(to: UInt32.self)[0] += 1
    }
    let commands = try bench.run { try $0.dispatch(kernel, groups: GridSize(1), buffer) }
    let other = try bench.device.makeTimeline()
    for value in 1...9 {
      try bench.device.submit(commands, wait: [], signal: (other, UInt64(value)))
      #expect(try other.wait(for: UInt64(value), seconds: 60))
    }
    #expect(try bench.read(buffer, 1) == [UInt32(10)])
  }

  @Test func `timings enclose the work and stay nil without any`() throws {
    let bench = try Bench()
    let buffer = try bench.buffer([UInt32](repeating: 0, count: 64))
    let kernel = try bench.kernel("spin") { group in
      var sum: UInt32 = 0
      for index in 0..<20_000 as Range<UInt32> { sum = sum &* 1_664_525 &+ index }
      group.buffers[0].bindMemory(to: UInt32.self)[group.group.x] = sum
    }
    let commands = try bench.run { encoder in
      try encoder.beginTiming(0)
      try encoder.dispatch(kernel, groups: GridSize(64), buffer)
      try encoder.endTiming(0)
      try encoder.beginTiming(1)
      try encoder.endTiming(1)
      try encoder.beginTiming(2)
      try encoder.dispatch(kernel, groups: GridSize(64), buffer)
      try encoder.endTiming(2)
    }
    let timings = try commands.timings()
    #expect(timings.count == 3)
    let first = try #require(timings[0])
    let last = try #require(timings[2])
    #expect(timings[1] == nil)
    // 64 groups of 20,000 dependent steps take more than 10 microseconds on any machine.
    #expect(first.end - first.start > 10_000)
    #expect(last.start >= first.end)
    #expect(last.end > last.start)
  }

  @Test func `a kernel for another back-end is refused`() throws {
    let bench = try Bench()
    let error = #expect(throws: TesseraError.self) {
      try bench.device.makeKernel(
        .spirv(words: [], specialization: []), signature: KernelSignature(name: "x", slots: []),
        binary: nil)
    }
    #expect(error?.code == .unsupported)
  }
}
