import TesseraCore
import TesseraHAL
import TesseraVulkan
import Testing

@Suite struct ComputeTests {
  @Test(arguments: Mode.allCases)
  func `saxpy with specialization constants and offsets`(mode: Mode) throws {
    try mode.withDevice { device in
      let x = try device.staging((0..<256).map { Float($0) })
      let y = try device.staging([Float](repeating: 10, count: 256))
      let kernel = try device.saxpyKernel(workgroup: 32, shift: 3)
      let alignment = device.capabilities.bindingAlignment
      let first = alignment / 4
      try device.run { encoder in
        try encoder.dispatch(
          kernel, 4, SaxpyConstants(alpha: 0.5, count: 100),
          [
            Binding(x, offset: 2 * alignment, byteCount: 400),
            Binding(y, offset: alignment, byteCount: 400),
          ])
      }
      let found = try y.values(Float.self, count: 256)
      for index in 0..<256 {
        let i = index - first
        let inside = (0..<100).contains(i)
        #expect(found[index] == (inside ? 0.5 * Float(i + 2 * first) + 30 : 10))
      }
    }
  }

  @Test(arguments: Mode.allCases)
  func `dependent dispatches see each other across barriers and submissions`(mode: Mode) throws {
    try mode.withDevice { device in
      let kernel = try device.incrementKernel()
      let buffer = try device.allocate(byteCount: 4096, kind: .device)
      let result = try device.allocate(byteCount: 4096, kind: .staging)
      let timeline = try device.makeTimeline()
      for round in 1...10 {
        let encoder = try device.makeEncoder()
        if round == 1 {
          try encoder.fill(buffer, offset: 0, byteCount: 4096, pattern: 7)
          try encoder.barrier()
        }
        for _ in 0..<5 {
          try encoder.dispatch(kernel, 16, [Binding(buffer, offset: 0, byteCount: 4096)])
          try encoder.barrier()
        }
        try encoder.copy(from: buffer, offset: 0, to: result, offset: 0, byteCount: 4096)
        try device.submit(
          try encoder.finish(), wait: [], signal: (timeline, UInt64(round)))
      }
      #expect(try timeline.wait(for: 10, seconds: 30))
      #expect(try result.values(UInt32.self, count: 1024) == [UInt32](repeating: 57, count: 1024))
    }
  }

  @Test(arguments: Mode.allCases)
  func `fill, update and copy reach exactly their ranges`(mode: Mode) throws {
    try mode.withDevice { device in
      let source = try device.allocate(byteCount: 256, kind: .device)
      let target = try device.staging([UInt8](repeating: 0xEE, count: 256))
      let inline: [UInt32] = [1, 2, 3, 4]
      try device.run { encoder in
        try encoder.fill(source, offset: 0, byteCount: 256, pattern: 0x0403_0201)
        try encoder.barrier()
        try inline.withUnsafeBytes { try encoder.update(source, offset: 64, bytes: $0) }
        try encoder.barrier()
        // Odd offsets and counts: the HAL asks nothing of copies.
        try encoder.copy(from: source, offset: 61, to: target, offset: 5, byteCount: 23)
      }
      var expected = [UInt8](repeating: 0xEE, count: 256)
      var memory = (0..<256).map { UInt8($0 % 4 + 1) }
      inline.withUnsafeBytes { memory.replaceSubrange(64..<80, with: $0) }
      expected.replaceSubrange(5..<28, with: memory[61..<84])
      #expect(try target.values(UInt8.self, count: 256) == expected)
    }
  }

  @Test(arguments: Mode.allCases)
  func `a fill may reach the end of a buffer that is no whole number of words`(mode: Mode) throws {
    try mode.withDevice { device in
      let buffer = try device.allocate(byteCount: 1021, kind: .staging)
      try device.run { try $0.fill(buffer, offset: 0, byteCount: 1024, pattern: 0x0505_0505) }
      #expect(try buffer.values(UInt8.self, count: 1021) == [UInt8](repeating: 5, count: 1021))
    }
  }

  @Test(arguments: Mode.allCases)
  func `kernels of different layouts alternate in one encoder`(mode: Mode) throws {
    try mode.withDevice { device in
      let saxpy = try device.saxpyKernel(shift: 1)
      let doubling = try device.saxpyKernel(shift: 2)
      let increment = try device.incrementKernel()
      let x = try device.staging([Float](repeating: 1, count: 64))
      let y = try device.staging([Float](repeating: 0, count: 64))
      let counts = try device.staging([UInt32](repeating: 0, count: 64))
      let both = [Binding(x, offset: 0, byteCount: 256), Binding(y, offset: 0, byteCount: 256)]
      try device.run { encoder in
        for step in 0..<4 {
          try encoder.dispatch(
            step % 2 == 0 ? saxpy : doubling, 1, SaxpyConstants(alpha: 3, count: 64), both)
          try encoder.dispatch(increment, 1, [Binding(counts, offset: 0, byteCount: 256)])
          try encoder.barrier()
          try encoder.dispatch(saxpy, 1, SaxpyConstants(alpha: Float(step), count: 64), both)
          try encoder.barrier()
        }
      }
      // y: 3 + 0, then 2·3 + 3 + 1, then 10 + 3 + 2, then 2·15 + 3 + 3.
      #expect(try y.values(Float.self, count: 64) == [Float](repeating: 36, count: 64))
      #expect(try counts.values(UInt32.self, count: 64) == [UInt32](repeating: 4, count: 64))
    }
  }

  @Test(arguments: Mode.allCases)
  func `commands can run again when they have completed`(mode: Mode) throws {
    try mode.withDevice { device in
      let kernel = try device.incrementKernel()
      let buffer = try device.staging([UInt32](repeating: 0, count: 64))
      let encoder = try device.makeEncoder()
      try encoder.beginTiming(0)
      try encoder.dispatch(kernel, 1, [Binding(buffer, offset: 0, byteCount: 256)])
      try encoder.endTiming(0)
      let commands = try encoder.finish()
      let timeline = try device.makeTimeline()
      for value: UInt64 in 1...3 {
        try device.submit(commands, wait: [(timeline, value - 1)], signal: (timeline, value))
        #expect(try timeline.wait(for: value, seconds: 30))
      }
      #expect(try timeline.completedValue() == 3)
      #expect(try buffer.values(UInt32.self, count: 64) == [UInt32](repeating: 3, count: 64))
      #expect(try commands.timings().count == 1)
    }
  }

  @Test(arguments: Mode.allCases)
  func `many threads submit at once`(mode: Mode) async throws {
    guard mode == .plain || mode.driver.validationMessages != nil else {
      try Test.cancel("not run: the validation layer is not installed")
    }
    guard !mode.driver.devices().isEmpty else { try Test.cancel("not run: no Vulkan device") }
    let device = try mode.driver.open(0)
    let kernel = try device.incrementKernel()
    let shared = try device.staging([UInt32](repeating: 0, count: 64))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          let own = try device.staging([UInt32](repeating: 0, count: 64))
          let timeline = try device.makeTimeline()
          for value: UInt64 in 1...20 {
            let encoder = try device.makeEncoder()
            for buffer in [own, shared] {
              try encoder.dispatch(kernel, 1, [Binding(buffer, offset: 0, byteCount: 256)])
            }
            try device.submit(try encoder.finish(), wait: [], signal: (timeline, value))
            if value % 5 == 0 { #expect(try timeline.wait(for: value, seconds: 30)) }
          }
          let found = try own.values(UInt32.self, count: 64)
          #expect(found == [UInt32](repeating: 20, count: 64))
        }
      }
      try await group.waitForAll()
    }
    let found = try shared.values(UInt32.self, count: 64)
    #expect(found == [UInt32](repeating: 160, count: 64))
    #expect(mode.driver.validationMessages ?? [] == [])
  }

  @Test(arguments: Mode.allCases)
  func `work that nobody waits for keeps its memory`(mode: Mode) throws {
    try mode.withDriver { driver in
      var device: (any HALDevice)? = try driver.open(0)
      for value: UInt64 in 1...4 {
        guard let device else { return }
        let buffer = try device.allocate(byteCount: 1 << 20, kind: .device)
        let encoder = try device.makeEncoder()
        try encoder.dispatch(
          device.incrementKernel(), 4096, [Binding(buffer, offset: 0, byteCount: 1 << 20)])
        let timeline = try device.makeTimeline()
        try device.submit(try encoder.finish(), wait: [], signal: (timeline, value))
        #expect(try timeline.wait(for: value + 1, seconds: 0) == false)
      }
      // Closing waits for the work; validation reports objects destroyed while in use.
      device = nil
    }
  }
}
