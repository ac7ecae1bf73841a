import CVulkan
import TesseraCore
import TesseraHAL
import TesseraVulkan
import Testing

/// What each failing driver call becomes. Under validation, objects that an error path forgets are
/// reported when the device is destroyed.
@Suite(.serialized) struct FailureTests {
  @Test(arguments: Mode.allCases)
  func `an allocation that fails is out of memory and leaves nothing behind`(mode: Mode) throws {
    try mode.withDriver { driver in
      let device = try driver.open(0) { Fault.allocation(&$0, nth: 2) }
      let first = try device.allocate(byteCount: 4096, kind: .device)
      let before = device.memory().allocated
      #expect(before >= first.byteCount)
      let error = #expect(throws: TesseraError.self) {
        try device.allocate(byteCount: 12345, kind: .staging)
      }
      #expect(error?.code == .outOfMemory)
      #expect(error?.message.contains("12345") == true)
      #expect(device.memory().allocated == before)
      let third = try device.allocate(byteCount: 4096, kind: .device)
      #expect(device.memory().allocated == before + third.byteCount)
    }
  }

  @Test(arguments: Mode.allCases)
  func `a mapping that fails gives the memory back`(mode: Mode) throws {
    try mode.withDriver { driver in
      let device = try driver.open(0) { table in
        table.vkMapMemory = { _, _, _, _, _, _ in VK_ERROR_MEMORY_MAP_FAILED }
      }
      let error = #expect(throws: TesseraError.self) {
        try device.allocate(byteCount: 4096, kind: .staging)
      }
      #expect(error?.code == .driver)
      #expect(error?.message.contains("VK_ERROR_MEMORY_MAP_FAILED (-5)") == true)
      #expect(device.memory().allocated == 0)
    }
  }

  @Test(arguments: Mode.allCases)
  func `more than the largest allocation is over the limit`(mode: Mode) throws {
    try mode.withDevice { device in
      let error = #expect(throws: TesseraError.self) {
        try device.allocate(byteCount: device.capabilities.maxAllocation + 1, kind: .device)
      }
      #expect(error?.code == .overLimit)
    }
  }

  @Test(arguments: Mode.allCases)
  func `a device lost at submission stays lost`(mode: Mode) throws {
    try mode.withDriver { driver in
      let device = try driver.open(0) { table in
        table.vkQueueSubmit2 = { _, _, _, _ in VK_ERROR_DEVICE_LOST }
      }
      let timeline = try device.makeTimeline()
      let kernel = try device.incrementKernel()
      let buffer = try device.staging([UInt32](repeating: 0, count: 64))
      let encoder = try device.makeEncoder()
      try encoder.dispatch(kernel, 1, [Binding(buffer, offset: 0, byteCount: 256)])
      let commands = try encoder.finish()
      func expectLost(_ body: () throws -> Void) {
        let error = #expect(throws: TesseraError.self) { try body() }
        #expect(error?.code == .deviceLost)
        #expect(error?.message.contains("vkQueueSubmit2") == true)
      }
      for _ in 0..<2 {
        expectLost { try device.submit(commands, wait: [], signal: (timeline, 1)) }
      }
      expectLost { _ = try timeline.wait(for: 1, seconds: 1) }
      expectLost { _ = try timeline.completedValue() }
      expectLost { _ = try device.allocate(byteCount: 64, kind: .device) }
      expectLost { _ = try device.makeEncoder() }
      expectLost { _ = try device.makeTimeline() }
      expectLost { _ = try device.incrementKernel() }
    }
  }

  @Test func `a device lost while waiting fails the wait and every later call`() throws {
    try Mode.plain.withDriver { driver in
      let device = try driver.open(0) { table in
        table.vkWaitSemaphores = { _, _, _ in VK_ERROR_DEVICE_LOST }
      }
      let timeline = try device.makeTimeline()
      try device.submit(try device.makeEncoder().finish(), wait: [], signal: (timeline, 1))
      for _ in 0..<2 {
        let error = #expect(throws: TesseraError.self) { try timeline.wait(for: 1, seconds: nil) }
        #expect(error?.code == .deviceLost)
      }
      #expect(throws: TesseraError.self) { try device.makeEncoder() }
    }
  }

  @Test(arguments: Mode.allCases)
  func `a submission that fails otherwise can be repeated`(mode: Mode) throws {
    try mode.withDriver { driver in
      let device = try driver.open(0) { Fault.submission(&$0, nth: 1) }
      let buffer = try device.staging([UInt32](repeating: 0, count: 64))
      let timeline = try device.makeTimeline()
      let encoder = try device.makeEncoder()
      try encoder.fill(buffer, offset: 0, byteCount: 256, pattern: 9)
      let commands = try encoder.finish()
      let error = #expect(throws: TesseraError.self) {
        try device.submit(commands, wait: [], signal: (timeline, 1))
      }
      #expect(error?.code == .outOfMemory)
      #expect(try timeline.completedValue() == 0)
      try device.submit(commands, wait: [], signal: (timeline, 1))
      #expect(try timeline.wait(for: 1, seconds: 30))
      #expect(try buffer.values(UInt32.self, count: 64) == [UInt32](repeating: 9, count: 64))
    }
  }

  @Test(arguments: Mode.allCases)
  func `a pipeline that the driver refuses is a compile error`(mode: Mode) throws {
    try mode.withDriver { driver in
      let refusing = try driver.open(0) { table in
        table.vkCreateComputePipelines = { _, _, _, _, _, _ in VK_ERROR_UNKNOWN }
      }
      var error = #expect(throws: TesseraError.self) { try refusing.saxpyKernel() }
      #expect(error?.code == .compile)
      #expect(error?.message.contains("saxpy") == true)
      #expect(error?.log?.contains("VK_ERROR_UNKNOWN (-13)") == true)

      let full = try driver.open(0) { table in
        table.vkCreateComputePipelines = { _, _, _, _, _, _ in VK_ERROR_OUT_OF_DEVICE_MEMORY }
      }
      error = #expect(throws: TesseraError.self) { try full.saxpyKernel() }
      #expect(error?.code == .outOfMemory)
    }
  }

  @Test(arguments: Mode.allCases)
  func `an encoder that cannot begin is no loss`(mode: Mode) throws {
    try mode.withDriver { driver in
      let device = try driver.open(0) { table in
        table.vkAllocateCommandBuffers = { _, _, _ in VK_ERROR_OUT_OF_HOST_MEMORY }
      }
      let error = #expect(throws: TesseraError.self) { try device.makeEncoder() }
      #expect(error?.code == .outOfMemory)
    }
  }
}
