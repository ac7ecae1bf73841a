import COpenCL
import Synchronization
import TesseraCore
import TesseraHAL
import TesseraOpenCL
import Testing

/// Each test replaces single functions of the table: failures that no driver produces on request.
@Suite struct FaultTests {
  private func bench(_ change: (inout OpenCLFunctions) -> Void) throws -> Bench {
    guard var table = OpenCLDriver().functions else { try Test.cancel("not run: no OpenCL loader") }
    change(&table)
    return try Bench(OpenCLDriver(functions: table))
  }

  private func code(_ body: () throws -> Void) -> TesseraError.Code? {
    do {
      try body()
      return nil
    } catch {
      return (error as? TesseraError)?.code
    }
  }

  @Test func `a refused allocation is out of memory and is not counted`() throws {
    let bench = try bench {
      $0.clCreateBuffer = { _, _, _, _, status in
        status?.pointee = -4
        return nil
      }
    }
    #expect(code { _ = try bench.device.allocate(byteCount: 64, kind: .device) } == .outOfMemory)
    #expect(bench.device.memory().allocated == 0)
  }

  @Test func `a lack of memory found when work is queued is out of memory too`() throws {
    let bench = try bench { $0.clEnqueueFillBuffer = { _, _, _, _, _, _, _, _, _ in -4 } }
    let buffer = try bench.device.allocate(byteCount: 64, kind: .device)
    let found = code {
      try bench.run { try $0.fill(buffer, offset: 0, byteCount: 64, pattern: 0) }
    }
    #expect(found == .outOfMemory)
  }

  @Test func `a fault of a kernel loses the device for good`() throws {
    let bench = try bench { $0.clEnqueueFillBuffer = { _, _, _, _, _, _, _, _, _ in -9999 } }
    let buffer = try bench.device.allocate(byteCount: 64, kind: .device)
    let work = {
      _ = try bench.run { try $0.fill(buffer, offset: 0, byteCount: 64, pattern: 0) }
    }
    #expect(code { try work() } == .deviceLost)
    #expect(code { try bench.run { _ in } } == .deviceLost)
    #expect(code { _ = try bench.device.allocate(byteCount: 64, kind: .device) } == .deviceLost)
  }

  @Test func `work that ends with a negative status fails its timeline, again on every look`()
    throws
  {
    let bench = try bench {
      $0.clGetEventInfo = { _, what, _, value, _ in
        value?.storeBytes(of: -5, as: cl_int.self)
        return 0
      }
    }
    let encoder = try bench.device.makeEncoder()
    try bench.device.submit(try encoder.finish(), wait: [], signal: (bench.timeline, 1))
    for _ in 0..<2 {
      #expect(code { _ = try bench.timeline.wait(for: 1, seconds: nil) } == .driver)
      #expect(code { _ = try bench.timeline.completedValue() } == .driver)
    }
  }

  @Test func `a failed argument is set again by the next dispatch`() throws {
    // Fails one call, then goes on to the driver: a half-set kernel must not be believed.
    let bench = try bench { table in
      FailingArguments.original.withLock { $0 = table.clSetKernelArg }
      table.clSetKernelArg = FailingArguments.call
    }
    let kernel = try bench.kernel(Saxpy.signature(.tessera), Saxpy.tessera)
    let x = try bench.buffer([Float](repeating: 1, count: 64))
    let y = try bench.buffer([Float](repeating: 0, count: 64))
    func work() throws {
      try bench.run { encoder in
        try encoder.dispatch(
          kernel, GridSize(1), block(UInt32(64), Float(1)),
          [Binding(x, offset: 0, byteCount: 256), Binding(y, offset: 0, byteCount: 256)])
      }
    }
    // The order in which arguments are set: those before the failing one are not set again.
    for failing in [0, 2, 1, 3, 4] {
      FailingArguments.failing.store(failing, ordering: .relaxed)
      #expect(code { try work() } == .driver)
    }
    FailingArguments.failing.store(-1, ordering: .relaxed)
    try work()
    #expect(try bench.read(y, Float(0), count: 64) == [Float](repeating: 1, count: 64))
  }

  @Test func `a wait that runs out says so and the work goes on`() throws {
    let bench = try bench {
      $0.clGetEventInfo = { _, _, _, value, _ in
        value?.storeBytes(of: CL_RUNNING, as: cl_int.self)
        return 0
      }
    }
    try bench.device.submit(
      try bench.device.makeEncoder().finish(), wait: [], signal: (bench.timeline, 1))
    #expect(try bench.timeline.wait(for: 1, seconds: 0) == false)
    #expect(try bench.timeline.wait(for: 1, seconds: 0.02) == false)
  }
}

/// A `clSetKernelArg` that fails for one argument index.
enum FailingArguments {
  typealias Function = @convention(c) (cl_kernel?, cl_uint, Int, UnsafeRawPointer?) -> cl_int
  static let original = Mutex<Function?>(nil)
  static let failing = Atomic<Int>(-1)
  static let call: Function = { kernel, index, size, value in
    if Int(index) == failing.load(ordering: .relaxed) { return -5 }
    return original.withLock { $0 }?(kernel, index, size, value) ?? -59
  }
}
