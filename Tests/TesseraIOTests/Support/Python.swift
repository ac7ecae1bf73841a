import Foundation
import Testing

/// Runs a Python program with NumPy and returns what it prints; cancels the test where there is none.
func python(_ program: String, _ arguments: [String]) throws -> String {
  func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3"] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }
  guard try run(["-c", "import numpy"]).status == 0 else {
    try Test.cancel("not run: no python3 with numpy")
  }
  let result = try run(["-c", program] + arguments)
  #expect(result.status == 0, "\(result.output)")
  return result.output
}
