import Foundation
import Tessera
import TesseraConformance
import TesseraCore
import TesseraKernels
import TesseraRuntime
import Testing

/// Many mixed operators of random shapes: memory stays flat, the pool bounded, no handle is left open.
/// `TESSERA_SOAK` sets how many dispatches.
@Suite("Soak", .serialized) struct SoakTests {
  private static let wanted =
    ProcessInfo.processInfo.environment["TESSERA_SOAK"].flatMap { Int($0) } ?? 1000

  /// Bytes of the process in memory.
  private static func residentBytes() -> Int? {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else {
      return nil
    }
    let words = text.split(separator: " ")
    return words.count > 1 ? Int(words[1]).map { $0 * 4096 } : nil
  }

  private static func openFiles() -> Int? {
    (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd"))?.count
  }

  /// One problem with its plan and memory made anew at every turn.
  private static func turn(_ testCase: any ConformanceCase, on device: Device) throws {
    let context = device.context
    let prepared = try testCase.prepare(on: device)
    var memories: [BufferRange?] = []
    for input in testCase.inputs {
      guard let input else {
        memories.append(nil)
        continue
      }
      let memory = BufferRange(
        try context.allocate(byteCount: input.byteCount), byteCount: input.byteCount)
      try input.withUnsafeBytes { bytes throws(TesseraError) in try context.write(bytes, to: memory)
      }
      memories.append(memory)
    }
    for output in try testCase.outputs() {
      guard let output else {
        memories.append(nil)
        continue
      }
      let byteCount = try output.shape.byteCount(of: output.dtype)
      memories.append(BufferRange(try context.allocate(byteCount: byteCount), byteCount: byteCount))
    }
    try PlanExecutor.execute(prepared, operands: memories, on: context)
  }

  @Test(arguments: Devices.backends)
  func `thousands of dispatches leave nothing behind`(backend: BackendKind) throws {
    guard backend == .cpu || ProcessInfo.processInfo.environment["TESSERA_SOAK"] != nil else {
      // The report does not tell of cases that are cancelled.
      print("not run: part of Scripts/soak")
      try Test.cancel("not run: part of Scripts/soak")
    }
    let device = try Devices.own(backend)
    var cases: [any ConformanceCase] = []
    let operators: [ConformanceOperator] =
      backend == .cpu
      ? ConformanceOperator.allCases : [.gemm, .pattern, .selectBlocks]
    for operation in operators {
      for seed in UInt64(1)..<(backend == .cpu ? 9 : 5) {
        let made = try operation.makeCase(seed: seed, variants: 1)
        let plan = try made.prepare(on: device).plan
        if !plan.dispatches.isEmpty, plan.flopsDone < 2e6 { cases.append(made) }
      }
    }
    try #require(cases.count > 2)
    // Builds everything and fills the pool.
    for _ in 0..<3 {
      for made in cases { try Self.turn(made, on: device) }
    }
    try device.synchronize()
    let before = (
      memory: device.memoryStatistics, resident: Self.residentBytes(), files: Self.openFiles(),
      dispatches: device.context.commandCounters().dispatches
    )
    var random = SystemRandomNumberGenerator()
    while device.context.commandCounters().dispatches - before.dispatches < Self.wanted {
      for _ in 0..<32 {
        guard let made = cases.randomElement(using: &random) else { return }
        try Self.turn(made, on: device)
      }
      try device.synchronize()
    }
    let after = device.memoryStatistics
    let done = device.context.commandCounters().dispatches - before.dispatches
    #expect(after.active == before.memory.active)
    #expect(after.cached <= max(64 << 20, device.info.memoryBytes / 4))
    if let files = before.files, let now = Self.openFiles() { #expect(now <= files + 2) }
    var growth = 0
    if let resident = before.resident, let now = Self.residentBytes() { growth = now - resident }
    // Other suites run in this process at the same time unless this one is run alone.
    if Self.wanted >= 50_000 { #expect(growth < 32 << 20) }
    print(
      "\(device.info.id) soak: \(done) dispatches, active \(after.active) B, pool \(after.cached) B, "
        + "driver allocations +\(after.driverAllocations - before.memory.driverAllocations), "
        + "resident \(growth >= 0 ? "+" : "")\(growth) B")
  }
}
