import TesseraCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Where a result comes from: commit and command line.
package enum Provenance {
  /// `TESSERA_COMMIT`, else the commit of the repository around the working directory, else "unknown".
  package static func commit() -> String {
    if let given = Environment.value("TESSERA_COMMIT") { return given }
    var folder = "."
    for _ in 0..<8 {
      // A work tree beside the repository has a file that says where its own part of it is.
      let link = firstLine(folder + "/.git").flatMap { line in
        line.hasPrefix("gitdir: ") ? String(line.dropFirst(8)) : nil
      }
      if let head = firstLine((link ?? folder + "/.git") + "/HEAD") {
        guard head.hasPrefix("ref: ") else { return String(head.prefix(12)) }
        let references = link.map { $0 + "/../.." } ?? folder + "/.git"
        return firstLine(references + "/" + head.dropFirst(5)).map { String($0.prefix(12)) }
          ?? "unknown"
      }
      folder += "/.."
    }
    return "unknown"
  }

  /// The command as it was typed, with the program's bare name.
  package static func command() -> String {
    let arguments = CommandLine.arguments
    let name = arguments.first?.split(separator: "/").last.map(String.init) ?? "tessera"
    return ([name] + arguments.dropFirst()).joined(separator: " ")
  }

  private static func firstLine(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 512)
    guard fgets(&buffer, 512, file) != nil else { return nil }
    let text = buffer.prefix { $0 != 0 && $0 != 10 }
    return String(decoding: text.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
