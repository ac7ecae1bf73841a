import Foundation
import Testing

/// Starts the real `tessera` binary.
enum CommandRunner {
  struct Outcome {
    var status: Int32
    var output: String
    var error: String
    /// Standard output as one JSON document.
    func json() throws -> [String: Any] {
      try #require(
        try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any], "\(output)")
    }
  }

  /// The binary lies beside the test bundle.
  static let path: String = {
    let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    return folder.appendingPathComponent("tessera").path
  }()

  static func run(
    _ arguments: [String], environment: [String: String] = [:]
  ) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    // Files, not pipes: a full pipe would stop a talkative child.
    let folder = FileManager.default.temporaryDirectory
    let names = ["out", "err"].map { folder.appendingPathComponent("tessera-\($0)-\(UUID().uuidString)") }
    for name in names { try Data().write(to: name) }
    process.standardOutput = try FileHandle(forWritingTo: names[0])
    process.standardError = try FileHandle(forWritingTo: names[1])
    try process.run()
    process.waitUntilExit()
    let texts = try names.map { String(decoding: try Data(contentsOf: $0), as: UTF8.self) }
    for name in names { try FileManager.default.removeItem(at: name) }
    return Outcome(status: process.terminationStatus, output: texts[0], error: texts[1])
  }

  /// Calls `body` with an empty folder that is removed afterwards.
  static func withFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.path + "/tessera-cli-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }

  /// The CPU back-end, and with `TESSERA_SOAK` every device: for operators of many kernels, which the
  /// conformance tests run on all devices anyway. Here it is the command that is tested.
  static let forManyKernels = ProcessInfo.processInfo.environment["TESSERA_SOAK"] == nil
    ? ["cpu"] : devices

  /// Identifiers of the devices of this machine.
  static let devices: [String] = {
    guard let report = try? run(["devices", "--json"]).json(),
      let devices = report["devices"] as? [[String: Any]]
    else { return [] }
    return devices.compactMap { $0["id"] as? String }
  }()
}
