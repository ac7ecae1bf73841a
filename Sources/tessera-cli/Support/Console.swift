#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Writes to the terminal: results to standard output, everything else to standard error.
enum Console {
  /// Makes output to a pipe appear line by line, so none is lost if the process ends early.
  static func lineBufferOutput() { setvbuf(stdout_, nil, _IOLBF, 0) }

  static func error(_ text: String) { write(text + "\n", to: 2) }
  static func note(_ text: String) { write(text + "\n", to: 2) }

  /// Whether standard error is a terminal.
  static var isInteractive: Bool { isatty(2) == 1 }

  /// Prints one JSON document with sorted keys.
  static func json(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
  }

  static func write(_ text: String, to descriptor: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
      if count <= 0 { return }
      rest = rest.dropFirst(count)
    }
  }

  // C's `stdout` is a mutable global, which Swift 6 refuses; the stream itself is thread-safe.
  nonisolated(unsafe) private static let stdout_ = fdopen(1, "w")
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
