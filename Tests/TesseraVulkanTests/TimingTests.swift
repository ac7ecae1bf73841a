import TesseraCore
import TesseraHAL
import TesseraVulkan
import Testing

@Suite struct TimingTests {
  @Test(arguments: Mode.allCases)
  func `spans last, follow each other and are empty when nothing is inside`(mode: Mode) throws {
    try mode.withDevice { device in
      guard device.capabilities.timestamps else { try Test.cancel("not run: no timestamps") }
      let kernel = try device.incrementKernel()
      let buffer = try device.allocate(byteCount: 1 << 16, kind: .device)
      // More slots than one query pool holds.
      let slots = 150
      for _ in 0..<2 {
        let commands = try device.run { encoder in
          encoder.pushLabel("timed")
          try encoder.fill(buffer, offset: 0, byteCount: 1 << 16, pattern: 0)
          for slot in 0..<slots {
            try encoder.beginTiming(slot)
            if slot != 3 {
              try encoder.dispatch(
                kernel, 1 << 8, [Binding(buffer, offset: 0, byteCount: 1 << 16)])
            }
            try encoder.endTiming(slot)
          }
          encoder.popLabel()
        }
        let timings = try commands.timings()
        #expect(timings.count == slots)
        var previous: UInt64 = 0
        for (slot, timing) in timings.enumerated() {
          guard let timing else {
            #expect(slot == 3)
            continue
          }
          #expect(slot != 3)
          #expect(timing.start >= previous && timing.end > timing.start)
          previous = timing.end
        }
      }
    }
  }

  @Test(arguments: Mode.allCases)
  func `a wait that runs out of time says so`(mode: Mode) throws {
    try mode.withDevice { device in
      let timeline = try device.makeTimeline()
      for seconds in [0, 0.01, -1, .nan] as [Double] {
        #expect(try timeline.wait(for: 1, seconds: seconds) == false)
      }
      #expect(try timeline.wait(for: 0, seconds: 1e300))
      #expect(try timeline.completedValue() == 0)
    }
  }

  @Test(arguments: Mode.allCases)
  func `a finished encoder refuses everything`(mode: Mode) throws {
    try mode.withDevice { device in
      let buffer = try device.staging([UInt32](repeating: 0, count: 64))
      let encoder = try device.makeEncoder()
      _ = try encoder.finish()
      #expect(throws: TesseraError.self) {
        try encoder.fill(buffer, offset: 0, byteCount: 256, pattern: 0)
      }
      #expect(throws: TesseraError.self) { try encoder.barrier() }
      #expect(throws: TesseraError.self) { try encoder.beginTiming(0) }
      #expect(throws: TesseraError.self) { try encoder.finish() }
    }
  }
}
