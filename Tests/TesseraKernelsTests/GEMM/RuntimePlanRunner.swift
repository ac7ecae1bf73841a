import Logging
import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraOpenCL
import TesseraRuntime
import TesseraVulkan
import Testing

/// Runs plans through the runtime on the first device of a back-end: each operand lies between guard
/// bytes, and memory of its own is filled with NaN first.
struct RuntimePlanRunner: PlanRunner {
  static let guardBytes = 256

  let context: DeviceContext

  /// Cancels the test, as not run, where there is no such device.
  init(_ backend: BackendKind) throws {
    guard let context = Self.contexts[backend] else {
      // The report does not tell of cases that are cancelled.
      print("not run: no \(backend.rawValue) device")
      try Test.cancel("not run: no \(backend.rawValue) device")
    }
    self.context = context
  }

  /// The opened devices; opening one probes it, so tests share them.
  private static let contexts: [BackendKind: DeviceContext] = {
    var contexts: [BackendKind: DeviceContext] = [:]
    let drivers: [any HALDriver] = [OpenCLDriver(), VulkanDriver()]
    for driver in drivers {
      guard let first = driver.devices().first, let device = try? driver.open(first.identity.index)
      else { continue }
      contexts[driver.kind] = try? DeviceContext(
        device: device, cache: nil, logger: Logger(label: "test"))
    }
    return contexts
  }()

  func run(_ plan: Plan, operands: [[UInt8]?]) throws -> [[UInt8]?] {
    let prepared = try PlanExecutor.prepare(plan, on: context)
    var allocations: [Allocation?] = []
    for operand in operands {
      allocations.append(try operand.map { try allocate($0) })
    }
    let ranges = zip(operands, allocations).map { operand, allocation in
      allocation.map {
        BufferRange($0, offset: Self.guardBytes, byteCount: operand?.count ?? 0)
      }
    }
    try PlanExecutor.execute(prepared, operands: ranges, on: context)
    return try zip(operands, allocations).map { operand, allocation in
      guard let operand, let allocation else { return nil }
      return try read(allocation, count: operand.count)
    }
  }

  private func allocate(_ bytes: [UInt8]) throws -> Allocation {
    let fence = [UInt8](repeating: 0xFF, count: Self.guardBytes)
    let whole = fence + bytes + fence
    let allocation = try context.allocate(byteCount: whole.count)
    try whole.withUnsafeBytes { try context.write($0, to: BufferRange(allocation)) }
    return allocation
  }

  private func read(_ allocation: Allocation, count: Int) throws -> [UInt8] {
    var whole = [UInt8](repeating: 0, count: allocation.byteCount)
    try whole.withUnsafeMutableBytes {
      try context.read(BufferRange(allocation), into: $0, seconds: 120)
    }
    let intact =
      whole.prefix(Self.guardBytes).allSatisfy { $0 == 0xFF }
      && whole.suffix(Self.guardBytes).allSatisfy { $0 == 0xFF }
    #expect(intact, "guard bytes were written")
    return Array(whole[Self.guardBytes..<(Self.guardBytes + count)])
  }
}
