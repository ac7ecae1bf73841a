import ArgumentParser
@testable import TesseraCommandLine
import TesseraCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The words of a command line: read as `tessera` reads them and, where they ask for a plan, planned on
/// the CPU back-end. Nothing is ever dispatched.
struct CommandLineWords {
  private let words: [String]

  /// Words are lines.
  init(_ bytes: UnsafeRawBufferPointer) {
    words = bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
  }

  func run() {
    Self.quiet
    do {
      var command = try TesseraCommand.parseAsRoot(words)
      guard words.first == "plan" else { return }
      try command.run()
    } catch {
      // What a user would be told.
      precondition(!TesseraCommand.fullMessage(for: error).isEmpty || Self.isClean(error))
    }
  }

  private static func isClean(_ error: any Error) -> Bool {
    TesseraCommand.exitCode(for: error) == .success
  }

  /// Plans are printed: not here. Drivers are not what is tried.
  private static let quiet: Void = {
    let nowhere = open("/dev/null", O_WRONLY)
    dup2(nowhere, 1)
    for name in ["TESSERA_OPENCL_LIBRARY", "TESSERA_VULKAN_LIBRARY"] {
      setenv(name, "/dev/null", 1)
    }
    setenv("TESSERA_DEVICE", "cpu", 1)
    setenv("TESSERA_CPU_THREADS", "1", 1)
    setenv("TESSERA_CACHE", "off", 1)
  }()
}
