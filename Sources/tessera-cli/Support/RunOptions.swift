import ArgumentParser
import Tessera

/// Options every `tessera run` operator takes.
struct RunOptions: ParsableArguments {
  @OptionGroup var files: FileOptions
  @OptionGroup var device: DeviceOptions

  @Flag(help: "Compare with the f64 oracle and print the errors; exit 65 if they exceed the bound.")
  var verify = false

  @Option(name: .customLong("repeat"), help: "Run this many times and report the median device time.")
  var repetitions = 1

  @Flag(help: "Print one JSON document: device, plan, times, kernel cache, errors.")
  var json = false

  func validate() throws {
    guard (1...1_000_000).contains(repetitions) else {
      throw ValidationError("--repeat: got \(repetitions), allowed 1...1000000")
    }
  }
}
