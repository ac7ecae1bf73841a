import Tessera
import Testing

/// The devices of this machine, opened once for all tests.
enum Devices {
  static let all: [Device] = Device.all()

  /// One entry per back-end, so that a missing one is reported by name and not silently left out.
  static let backends: [BackendKind] = [.cpu, .openCL, .vulkan]

  /// The first device of a back-end; cancels the test as not run if there is none.
  static func first(_ backend: BackendKind) throws -> Device {
    if let device = all.first(where: { $0.info.backend == backend }) { return device }
    // The report does not tell of cases that are cancelled.
    print("not run: no \(backend.rawValue) device")
    try Test.cancel("not run: no \(backend.rawValue) device")
  }

  /// A device that no other test has: one whose counters or handles are looked at.
  static func own(_ backend: BackendKind) throws -> Device {
    try Device(try first(backend).info.id)
  }
}
