import Foundation
import Logging
import Testing
import TesseraCPU
import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraOpenCL
import TesseraRuntime
import TesseraVulkan

/// The devices that neighborhood attention is tested on.
enum NeighborhoodDevice: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case cpu, openCL, vulkan

  var testDescription: String { rawValue }

  /// Whether `TESSERA_SOAK` asks for the long form of tests.
  static let isSoak = ProcessInfo.processInfo.environment["TESSERA_SOAK"] != nil

  /// Whether the long form of a test is run: always on the CPU back-end, on drivers that compile for
  /// seconds or interpret only with `TESSERA_SOAK`.
  var isThorough: Bool { self == .cpu || Self.isSoak }

  /// The first device of the back-end, opened once for all tests.
  /// - Throws: a cancellation ("not run") if there is none.
  func context() throws -> DeviceContext {
    guard let context = try Self.contexts[self]?.get() else {
      // The report does not tell of cases that are cancelled.
      print("not run: no \(rawValue) device")
      try Test.cancel("not run: no \(rawValue) device")
    }
    return context
  }

  private static let contexts: [Self: Result<DeviceContext, any Error>] = {
    var result: [Self: Result<DeviceContext, any Error>] = [:]
    let only = ProcessInfo.processInfo.environment["NA_DEVICES"]
    for device in allCases where only == nil || only == device.rawValue {
      let driver: any HALDriver =
        switch device {
        case .cpu: CPUDriver()
        case .openCL: OpenCLDriver()
        case .vulkan: VulkanDriver()
        }
      guard !driver.devices().isEmpty else { continue }
      result[device] = Result {
        try DeviceContext(
          device: try driver.open(0), cache: nil, logger: Logger(label: "test"))
      }
    }
    return result
  }()
}
