import Foundation
import Testing

/// The committed SPIR-V must be what its sources compile to.
@Suite struct ShaderFreshnessTests {
  private static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  @Test func `every module is compiled from the sources beside it`() throws {
    guard let python = tool("python3") else { try Test.cancel("not run: no python3") }
    let script = Self.root.appending(path: "Scripts/compile-shaders").path
    let (status, output) = try run(python, [script, "--check"])
    #expect(status == 0, "\(output)")
  }

  @Test func `every module is valid SPIR-V for Vulkan 1.3`() throws {
    guard let validator = tool("spirv-val") else { try Test.cancel("not run: no spirv-val") }
    let shaders = Self.root.appending(path: "Shaders")
    let found = FileManager.default.enumerator(at: shaders, includingPropertiesForKeys: nil)
    let modules = (found?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "spv" }
    try #require(!modules.isEmpty)
    for module in modules {
      let (status, output) = try run(validator, ["--target-env", "vulkan1.3", module.path])
      #expect(status == 0, "\(module.lastPathComponent): \(output)")
    }
  }

  private func tool(_ name: String) -> URL? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return path.split(separator: ":").map { URL(filePath: String($0)).appending(path: name) }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }

  private func run(_ tool: URL, _ arguments: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = tool
    process.arguments = arguments
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }
}
