import Synchronization
import TesseraCPU
import TesseraCore
import TesseraHAL
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

@Suite struct DeviceTests {
  @Test func `there is one device and it describes itself`() throws {
    let driver = CPUDriver()
    let devices = driver.devices()
    #expect(devices.count == 1)
    #expect(driver.diagnosis() == nil)
    #expect("\(devices[0].identity)" == "cpu")
    let capabilities = devices[0].capabilities
    #expect(!capabilities.name.isEmpty)
    #expect(capabilities.computeUnits >= 1)
    #expect(capabilities.memoryBytes > 64 << 20)
    #expect([4, 8, 16].contains(capabilities.vectorWidth))
    #expect(try driver.open(0).capabilities == capabilities)
    #expect(throws: TesseraError.self) { try driver.open(1) }
  }

  @Test(arguments: ["1", "3", "17"])
  func `the environment sets the number of threads`(_ count: String) async throws {
    await #expect(processExitsWith: .success) { [count] in
      setenv("TESSERA_CPU_THREADS", count, 1)
      let bench = try Bench()
      // Groups that wait for each other would hang with fewer threads than asked for.
      let arrived = Tally()
      let wanted = bench.device.capabilities.computeUnits
      let buffer = try bench.buffer([UInt32](repeating: 0, count: 32))
      let kernel = try bench.kernel("meet") { group in
        arrived.add()
        while arrived.value < wanted {}
        group.buffers[0].bindMemory(to: UInt32.self)[group.group.x] = 1
      }
      try bench.run { try $0.dispatch(kernel, groups: GridSize(wanted), buffer) }
      let values: [UInt32] = try bench.read(buffer, wanted)
      exit("\(wanted)" == count && values.allSatisfy { $0 == 1 } ? 0 : 1)
    }
  }

  @Test func `memory is aligned, counted and given back`() throws {
    let device = try CPUDriver().open(0)
    let before = device.memory().allocated
    var buffer: (any HALBuffer)? = try device.allocate(byteCount: 1000, kind: .staging)
    try #require(buffer).withHostBytes(offset: 0, byteCount: 1000, writing: true) {
      #expect(UInt(bitPattern: $0.baseAddress) % 64 == 0)
      $0.initializeMemory(as: UInt8.self, repeating: 1)
    }
    #expect(device.memory().allocated == before + 1000)
    buffer = nil
    #expect(device.memory().allocated == before)
  }

  @Test(arguments: [Int.max, Int.max / 2, 1 << 50] as [Int])
  func `a request beyond the machine is an error`(_ byteCount: Int) throws {
    let device = try CPUDriver().open(0)
    let error = #expect(throws: TesseraError.self) {
      try device.allocate(byteCount: byteCount, kind: .device)
    }
    #expect(error?.code == .outOfMemory)
    // The device goes on working.
    #expect(try device.allocate(byteCount: 64, kind: .device).byteCount == 64)
  }

  @Test func `local memory beyond the machine fails the work, not the process`() throws {
    let bench = try Bench()
    let buffer = try bench.buffer([UInt32(3)])
    let kernel = try bench.kernel("huge", localBytes: 1 << 50) {
      $0.buffers[0].bindMemory(to: UInt32.self)[0] = 4
    }
    try bench.submit { try $0.dispatch(kernel, groups: GridSize(1), buffer) }
    for _ in 0..<2 {
      let error = #expect(throws: TesseraError.self) {
        try bench.timeline.wait(for: 1, seconds: 60)
      }
      #expect(error?.code == .outOfMemory)
    }
    #expect(throws: TesseraError.self) { try bench.timeline.completedValue() }
    #expect(try bench.read(buffer, 1) == [UInt32(3)])
  }

  @Test func `a wait ends at its time limit and the work still completes`() throws {
    let bench = try Bench()
    let open = Gate()
    let buffer = try bench.buffer([UInt32(0)])
    let kernel = try bench.kernel("gate") { group in
      open.wait()
      group.buffers[0].bindMemory(to: UInt32.self)[0] = 1
    }
    try bench.submit { try $0.dispatch(kernel, groups: GridSize(1), buffer) }
    #expect(try !bench.timeline.wait(for: 1, seconds: 0.02))
    #expect(try bench.timeline.completedValue() == 0)
    open.open()
    #expect(try bench.timeline.wait(for: 1, seconds: nil))
    #expect(try bench.timeline.completedValue() == 1)
    #expect(try bench.read(buffer, 1) == [UInt32(1)])
  }

  @Test func `a submission starts after the timeline it waits for`() throws {
    let (first, second) = (try Bench(), try Bench())
    let open = Gate()
    let buffer = try first.buffer([UInt32(1)])
    let gated = try first.kernel("gated") { group in
      open.wait()
      group.buffers[0].bindMemory(to: UInt32.self)[0] = 20
    }
    let after = try second.kernel("after") {
      $0.buffers[0].bindMemory(to: UInt32.self)[0] += 3
    }
    try first.submit { try $0.dispatch(gated, groups: GridSize(1), buffer) }
    let encoder = try second.device.makeEncoder()
    try encoder.dispatch(after, groups: GridSize(1), buffer)
    try second.device.submit(
      try encoder.finish(), wait: [(first.timeline, 1)], signal: (second.timeline, 1))
    #expect(try !second.timeline.wait(for: 1, seconds: 0.1))
    open.open()
    #expect(try second.timeline.wait(for: 1, seconds: 60))
    #expect(try first.read(buffer, 1) == [UInt32(23)])
  }

  @Test func `closing a device gives up work that waits for something else`() throws {
    let never = try Bench()
    var bench: Bench? = try Bench()
    let timeline = try #require(bench).timeline
    let commands = try #require(bench).device.makeEncoder().finish()
    try #require(bench).device.submit(
      commands, wait: [(never.timeline, 1)], signal: (timeline, 1))
    bench = nil
    let error = #expect(throws: TesseraError.self) { try timeline.wait(for: 1, seconds: 60) }
    #expect(error?.code == .deviceLost)
  }

  @Test func `buffers live as long as the work that uses them`() throws {
    let bench = try Bench()
    let before = bench.device.memory().allocated
    let open = Gate()
    let kernel = try bench.kernel("late") { group in
      open.wait()
      group.buffers[0].bindMemory(to: UInt32.self)[0] = 1
    }
    try bench.submit { encoder in
      let buffer = try bench.buffer([UInt32](repeating: 0, count: 1024))
      try encoder.dispatch(kernel, groups: GridSize(1), buffer)
    }
    #expect(bench.device.memory().allocated >= before + 4096)
    open.open()
    #expect(try bench.timeline.wait(for: 1, seconds: 60))
  }

  @Test func `many threads submit at once`() async throws {
    let device = try CPUDriver().open(0)
    let right = try await withThrowingTaskGroup(of: Int.self) { group in
      for worker in 0..<16 {
        group.addTask {
          let timeline = try device.makeTimeline()
          let signature = KernelSignature(
            name: "add", slots: [.init("target", .readWrite)], constantBytes: 4)
          let kernel = try device.makeKernel(
            .host { group in
              let value = group.constants.load(as: UInt32.self)
              group.buffers[0].bindMemory(to: UInt32.self)[group.group.x] += value
            }, signature: signature, binary: nil)
          let buffer = try device.allocate(byteCount: 4 * 32, kind: .device)
          for round in 0..<50 {
            let encoder = try device.makeEncoder()
            if round == 0 { try encoder.fill(buffer, offset: 0, byteCount: 128, pattern: 0) }
            for _ in 0..<4 {
              try encoder.dispatch(
                kernel, groups: GridSize(32), constants: [UInt32(worker + 1)], buffer)
            }
            try device.submit(
              try encoder.finish(), wait: [], signal: (timeline, UInt64(round + 1)))
          }
          guard try timeline.wait(for: 50, seconds: 60) else {
            throw TesseraError.timedOut("test", seconds: 60)
          }
          var right = 0
          try buffer.withHostBytes(offset: 0, byteCount: 128, writing: false) { memory in
            for value in memory.bindMemory(to: UInt32.self)
            where value == UInt32(200 * (worker + 1)) {
              right += 1
            }
          }
          return right
        }
      }
      return try await group.reduce(0, +)
    }
    #expect(right == 16 * 32)
  }

  @Test func `devices open and close without leftovers`() throws {
    for _ in 0..<50 {
      let bench = try Bench()
      let buffer = try bench.buffer([UInt32](repeating: 0, count: 16))
      let kernel = try bench.kernel("touch") {
        $0.buffers[0].bindMemory(to: UInt32.self)[$0.group.x] = 1
      }
      try bench.submit { try $0.dispatch(kernel, groups: GridSize(16), buffer) }
    }
  }
}

/// Counts arrivals.
final class Tally: Sendable {
  private let count = Atomic<Int>(0)
  func add() { count.add(1, ordering: .acquiringAndReleasing) }
  var value: Int { count.load(ordering: .acquiring) }
}

/// Lets kernels wait for the test.
final class Gate: Sendable {
  private let opened = Atomic<Bool>(false)
  func open() { opened.store(true, ordering: .releasing) }
  func wait() { while !opened.load(ordering: .acquiring) {} }
}
