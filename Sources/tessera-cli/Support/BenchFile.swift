import TesseraBench
import TesseraCore
import TesseraIO
#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Bench rows as a file of JSON lines.
enum BenchFile {
  /// Files beyond this are not read.
  private static let sizeLimit = 256 << 20

  static func write(_ rows: [BenchRow], to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    var bytes: [UInt8] = []
    for row in rows {
      bytes += try encoder.encode(row)
      bytes.append(UInt8(ascii: "\n"))
    }
    try AtomicFile.write(bytes, to: path)
  }

  /// The rows of a file; `malformedData` names the line that is none.
  static func read(_ path: String) throws -> [BenchRow] {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    var rows: [BenchRow] = []
    for (index, line) in try bytes(path).split(separator: UInt8(ascii: "\n")).enumerated() {
      do {
        rows.append(try decoder.decode(BenchRow.self, from: Data(line)))
      } catch {
        throw TesseraError.malformed("\(path), line \(index + 1)", reason: "no bench row: \(error)")
      }
    }
    return rows
  }

  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  /// All bytes of a file.
  static func bytes(_ path: String) throws -> [UInt8] {
    let file: Data
    do { file = try Data(contentsOf: URL(filePath: path)) } catch {
      throw TesseraError.io(path: path, reason: "cannot be read")
    }
    guard file.count <= sizeLimit else {
      throw TesseraError.malformed(path, reason: "\(file.count) bytes, more than \(sizeLimit)")
    }
    return Array(file)
  }
}
