import Foundation
import Tessera
import TesseraConformance
import TesseraCore
import TesseraHAL
import TesseraRuntime
import Testing

/// Results do not depend on what memory held before: kernels read nothing that was not written.
@Suite("Old memory") struct OldMemoryTests {
  /// Zeros, NaN and -1, and large positive numbers.
  private static let patterns: [UInt8] = [0x00, 0xFF, 0x7F]

  @Test(arguments: [BackendKind.cpu, .openCL], ConformanceOperator.allCases)
  func `what scratch memory held does not matter`(
    backend: BackendKind, operation: ConformanceOperator
  ) throws {
    guard let driver = Backends.driver(backend), !driver.devices().isEmpty else {
      // The report does not tell of cases that are cancelled.
      print("not run: no \(backend.rawValue) device")
      try Test.cancel("not run: no \(backend.rawValue) device")
    }
    // A driver for the CPU takes seconds to build what the CPU back-end has: one pattern, few problems, and
    // in the long run only.
    let host = backend == .cpu
    guard host || ProcessInfo.processInfo.environment["TESSERA_SOAK"] != nil else {
      print("not run: part of Scripts/soak")
      try Test.cancel("not run: part of Scripts/soak")
    }
    for pattern in host ? Self.patterns : [0xFF] {
      let device = try Device(
        adopting: RecordingDevice(try driver.open(0), scribble: pattern))
      for seed in UInt64(1)..<(host ? 7 : 3) {
        let testCase = try operation.makeCase(seed: seed, variants: host ? 6 : 1)
        let (verification, complaint) = try ConformanceRunner.check(testCase, on: device)
        #expect(
          verification.passed && complaint == nil,
          "\(pattern), seed \(seed): \(complaint ?? verification.summary) \(testCase.summary)")
        try device.synchronize()
        // The next problem gets new memory, not what this one left.
        device.trim()
      }
    }
  }
}
