import Foundation
import Testing

/// The articles of `Tessera.docc`: they build without a warning, their Swift is compiled and run, and so
/// are their commands.
@Suite("Articles") struct ArticleCommandTests {
  private static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  private static let catalog = root.appending(path: "Sources/Tessera/Tessera.docc")

  /// Text of every article, by name.
  static let articles: [String: String] = {
    let files =
      (try? FileManager.default.contentsOfDirectory(
        at: catalog.appending(path: "Articles"), includingPropertiesForKeys: nil)) ?? []
    return Dictionary(
      uniqueKeysWithValues: files.compactMap { file in
        (try? String(contentsOf: file, encoding: .utf8)).map { (file.lastPathComponent, $0) }
      })
  }()

  /// Fenced blocks of one language.
  private func blocks(_ language: String, _ text: String) -> [String] {
    text.components(separatedBy: "```" + language + "\n").dropFirst()
      .compactMap { $0.components(separatedBy: "\n```").first }
  }

  @Test func `every Swift block is one that the tests compile and run`() throws {
    let tests = try String(
      contentsOf: Self.root.appending(path: "Tests/TesseraTests/Documentation/ArticleTests.swift"),
      encoding: .utf8)
    func plain(_ text: String) -> String {
      text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        .joined(separator: "\n")
    }
    let compiled = plain(tests)
    var count = 0
    for (name, text) in Self.articles {
      for block in blocks("swift", text) {
        #expect(compiled.contains(plain(block)), "\(name): \(block)")
        count += 1
      }
    }
    #expect(count >= 8)
  }

  @Test(arguments: ArticleCommandTests.articles.keys.sorted())
  func `every command of an article works`(name: String) throws {
    let text = try #require(Self.articles[name])
    try CommandRunner.withFolder { folder in
      for block in blocks("console", text) {
        for line in block.split(separator: "\n") where line.hasPrefix("$ tessera ") {
          // Files that a command names lie in a folder of their own.
          let words = line.dropFirst(10).split(separator: " ").map { word in
            word.contains(".json") || word.hasSuffix(".svg") || word.hasSuffix(".html")
              ? "\(folder)/\(word)" : String(word)
          }
          let outcome = try CommandRunner.run(words)
          #expect(outcome.status == 0, "\(line): \(outcome.error)")
        }
      }
    }
  }

  @Test func `the catalog and the symbols build without a warning`() throws {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let swift = path.split(separator: ":").map { "\($0)/swift" }
      .first(where: FileManager.default.isExecutableFile(atPath:))
    guard let swift,
      let docc = try? URL(filePath: swift).resolvingSymlinksInPath().deletingLastPathComponent()
        .appending(path: "docc").checkResourceIsReachable(), docc
    else { try Test.cancel("not run: no docc beside swift") }
    try CommandRunner.withFolder { folder in
      let process = Process()
      let output = Pipe()
      process.executableURL = Self.root.appending(path: "Scripts/docs")
      process.arguments = [folder + "/archive"]
      process.environment = ProcessInfo.processInfo.environment.merging([
        "TESSERA_BUILD": URL(filePath: CommandRunner.path).deletingLastPathComponent().path
      ]) { $1 }
      process.standardOutput = output
      process.standardError = output
      try process.run()
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationStatus == 0, "\(text)")
      #expect(FileManager.default.fileExists(atPath: folder + "/archive/index.html"))
    }
  }
}
