import Foundation
import Tessera
import TesseraCPU
import TesseraConformance
import TesseraCore
import TesseraHAL
import TesseraOpenCL
import TesseraRuntime
import TesseraVulkan
import Testing

/// Every call into the drivers is failed once: the right error comes, nothing leaks, and the device
/// goes on with right results or says that it is lost.
@Suite("Driver faults", .serialized) struct DriverFaultTests {
  /// Copies, fills, kernels of several shapes, reads: little to build, every kind of call.
  private static func work(_ device: Device) throws -> [Float] {
    let a = try Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3], on: device)
    let zero = try Tensor(zeros: [2, 2], dtype: .f32, on: device)
    let scaled = try device.gemm(a, a, transposeB: true, epilogue: .init(beta: 1, c: zero))
    let turned = try a.transposed().contiguous()
    return try scaled.floats() + turned.floats()
  }

  private static let expected: [Float] = [14, 32, 32, 77, 1, 4, 2, 5, 3, 6]

  private static let allowed: [TesseraError.Code] = [
    .outOfMemory, .driver, .deviceLost, .compile, .poisoned,
  ]

  /// Fails the n-th call for n = 1, 2, … until the work comes through untouched.
  /// - Returns: how many faults there were, by the call that failed.
  private func failEveryCall(
    open: () throws -> any HALDevice
  ) throws -> [String: Int] {
    var survived: [String: Int] = [:]
    // The last fault armed is one that was not reached: later calls must not meet it.
    defer { FaultPoint.reset() }
    for n in 1..<1000 {
      FaultPoint.reset()
      do {
        let device: Device
        do {
          let base = try open()
          FaultPoint.arm(n)
          device = try Device(adopting: base, cache: nil)
          let result = try Self.work(device)
          #expect(result == Self.expected, "call \(n), \(FaultPoint.failed)")
          if FaultPoint.failed.isEmpty { return survived }
        } catch let error as TesseraError {
          #expect(Self.allowed.contains(error.code), "call \(n), \(FaultPoint.failed): \(error)")
          #expect(!FaultPoint.failed.isEmpty, "nothing was made to fail: \(error)")
        }
        survived[FaultPoint.failed, default: 0] += 1
      }
      #expect(FaultPoint.leaks == [:], "call \(n), \(FaultPoint.failed)")
    }
    Issue.record("a thousand calls and no end")
    return survived
  }

  /// The device after a failure: right results, or lost and saying so.
  private func useAfterEveryFailure(open: () throws -> any HALDevice) throws {
    let device = try Device(adopting: try open(), cache: nil)
    #expect(try Self.work(device) == Self.expected)
    // Kernels are built: what remains are allocations, commands, submissions and waits.
    var current = device
    for n in 1..<200 {
      FaultPoint.arm(n)
      let result = try? Self.work(current)
      let failed = FaultPoint.failed
      FaultPoint.arm(0)
      #expect(result == nil || result == Self.expected, "call \(n), \(failed)")
      if failed.isEmpty { return }
      do {
        #expect(try Self.work(current) == Self.expected, "after call \(n), \(failed)")
      } catch let error as TesseraError {
        #expect(
          ["vkWaitSemaphores", "vkGetSemaphoreCounterValue", "clWaitForEvents"].contains(failed)
            && [.deviceLost, .driver].contains(error.code), "after call \(n), \(failed): \(error)")
        current = try Device(adopting: try open(), cache: nil)
        #expect(try Self.work(current) == Self.expected, "a new device after \(failed)")
      }
    }
    Issue.record("two hundred calls and no end")
  }

  @Test func `OpenCL, every call`() throws {
    guard let table = OpenCLFaults.table(), !OpenCLDriver(functions: table).devices().isEmpty else {
      try Test.cancel("not run: no OpenCL device")
    }
    let survived = try failEveryCall { try OpenCLDriver(functions: table).open(0) }
    try useAfterEveryFailure { try OpenCLDriver(functions: table).open(0) }
    print("OpenCL faults survived: \(survived.values.reduce(0, +)) \(survived)")
    #expect(survived.count >= 8, "\(survived)")
  }

  @Test func `Vulkan, every call`() throws {
    let driver = VulkanDriver(validation: false)
    guard !driver.devices().isEmpty else { try Test.cancel("not run: no Vulkan device") }
    let open = { try driver.open(0) { VulkanFaults.edit(&$0) } as any HALDevice }
    let survived = try failEveryCall(open: open)
    try useAfterEveryFailure(open: open)
    print("Vulkan faults survived: \(survived.values.reduce(0, +)) \(survived)")
    #expect(survived.count >= 12, "\(survived)")
  }

  /// Every operator's plan over a recording device: each call of the interface fails once.
  @Test(arguments: ConformanceOperator.allCases)
  func `every operator, every call of the interface`(operation: ConformanceOperator) throws {
    let testCase = try operation.makeCase(seed: 11, variants: 6)
    var faults = 0
    // Every call in the long run; past the first thirty, every seventh in the short one.
    let step = ProcessInfo.processInfo.environment["TESSERA_SOAK"] == nil ? 7 : 1
    for n in Array(1..<30) + Array(stride(from: 30, to: 2000, by: step)) {
      let log = CallLog()
      let base = try Backends.cpu.open(0)
      let device = try Device(adopting: RecordingDevice(base, log: log), cache: nil)
      log.fail(at: n)
      do throws(TesseraError) {
        let (verification, complaint) = try ConformanceRunner.check(testCase, on: device)
        #expect(verification.passed && complaint == nil, "call \(n)")
        if !log.hasFailed {
          print("\(operation.rawValue) faults survived: \(faults)")
          #expect(faults > 0)
          return
        }
      } catch {
        #expect([.driver, .poisoned].contains(error.code), "call \(n): \(error)")
      }
      faults += 1
      log.fail(at: nil)
      // What failed is forgotten with its tensors: the same again, in new memory, is right.
      if case (let verification, let complaint)? = try? ConformanceRunner.check(testCase, on: device) {
        #expect(verification.passed && complaint == nil, "after call \(n)")
      }
      device.trim()
    }
    Issue.record("two thousand calls and no end")
  }
}
