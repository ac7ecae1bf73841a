import Foundation
import Testing

/// The table of dependencies and licences in `RELIABILITY.md` against what the package asks for.
@Suite("Dependencies") struct DependencyTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private static func text(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: root.appendingPathComponent(name)), as: UTF8.self)
  }

  /// What the table lists: the first two cells of every row, without head and rule.
  private static func table() throws -> [(what: String, licence: String)] {
    let section = try #require(
      try text("RELIABILITY.md").components(separatedBy: "### Dependencies\n").last)
    let rows = section.split(separator: "\n").drop { !$0.hasPrefix("|") }.prefix {
      $0.hasPrefix("|")
    }
    return rows.dropFirst(2).map { row in
      let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      return (cells.first ?? "", cells.count > 1 ? cells[1] : "")
    }
  }

  /// The quoted word after each occurrence of `mark`.
  private static func quoted(after mark: String, in text: String) -> [String] {
    text.components(separatedBy: mark).dropFirst().compactMap {
      $0.split(separator: "\"", maxSplits: 1).first.map(String.init)
    }
  }

  @Test func `every package and system library is listed with its licence, and nothing else`()
    throws
  {
    let manifest = try Self.text("Package.swift")
    let packages = Self.quoted(after: ".package(url: \"", in: manifest)
      .compactMap { $0.split(separator: "/").last.map(String.init) }
    let libraries =
      Self.quoted(after: ".systemLibrary(\n      name: \"", in: manifest)
      + Self.quoted(after: ".systemLibrary(name: \"", in: manifest)
    try #require(!packages.isEmpty && libraries.count == 3)
    let table = try Self.table()
    for name in packages + libraries {
      let row = try #require(table.first { $0.what.contains(name) }, "\(name) is not listed")
      #expect(!row.licence.isEmpty, "\(name)")
    }
    #expect(table.count == packages.count + libraries.count)
  }

  @Test func `packages bring no others, and their licences are those that are listed`() throws {
    guard let resolved = try? Data(contentsOf: Self.root.appendingPathComponent("Package.resolved"))
    else { try Test.cancel("not run: no Package.resolved") }
    let pins = try JSONDecoder().decode(Pins.self, from: resolved).pins
    let table = try Self.table()
    for pin in pins {
      let row = try #require(table.first { $0.what.contains(pin.identity) }, "\(pin.identity)")
      let licence = Self.root.appendingPathComponent(".build/checkouts/\(pin.identity)/LICENSE.txt")
      guard let text = try? String(contentsOf: licence, encoding: .utf8) else { continue }
      #expect(row.licence.hasPrefix("Apache-2.0") && text.contains("Apache License"))
      #expect(row.licence.contains("exception") == text.contains("Runtime Library Exception"))
    }
    #expect(!pins.isEmpty)
  }

  private struct Pins: Decodable {
    struct Pin: Decodable {
      var identity: String
    }
    var pins: [Pin]
  }
}
