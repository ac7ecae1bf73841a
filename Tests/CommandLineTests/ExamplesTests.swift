import Foundation
import Testing

/// The package in `Examples/`, which depends on Tessera as a user's would, builds and runs.
@Suite("Examples") struct ExamplesTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  @Test func `build and run`() throws {
    let scratch = Self.root.path + "/.build/examples"
    let build = try Self.start(
      "/usr/bin/env",
      ["swift", "build", "--package-path", Self.root.path + "/Examples", "--scratch-path", scratch])
    #expect(build.status == 0, "\(build.text)")
    let folder = FileManager.default.temporaryDirectory.path
    let operators = try Self.start(
      scratch + "/debug/operators", [folder + "/example-\(UUID().uuidString).safetensors"])
    #expect(operators.status == 0, "\(operators.text)")
    #expect(operators.text.contains("relu(a·b + bias) = [") && operators.text.contains("attention gives f16"))
    let gradients = try Self.start(scratch + "/debug/gradients", [])
    #expect(gradients.status == 0, "\(gradients.text)")
    #expect(gradients.text.contains("gradients agree with differences"), "\(gradients.text)")
    let lists = try Self.start(scratch + "/debug/block-lists", [])
    #expect(lists.status == 0, "\(lists.text)")
    #expect(lists.text.contains("lists agree with the definition"), "\(lists.text)")
    let kernels = try Self.start(scratch + "/debug/own-kernels", [])
    #expect(kernels.status == 0, "\(kernels.text)")
    #expect(kernels.text.contains("right") || kernels.text.contains("not run"), "\(kernels.text)")
  }

  private static func start(_ program: String, _ arguments: [String]) throws -> (status: Int32, text: String) {
    let output = FileManager.default.temporaryDirectory
      .appendingPathComponent("tessera-example-\(UUID().uuidString)")
    try Data().write(to: output)
    defer { try? FileManager.default.removeItem(at: output) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    let handle = try FileHandle(forWritingTo: output)
    process.standardOutput = handle
    process.standardError = handle
    try process.run()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: try Data(contentsOf: output), as: UTF8.self))
  }
}
