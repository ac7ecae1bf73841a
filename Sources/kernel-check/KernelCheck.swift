import ArgumentParser
import Tessera
import TesseraConformance
import TesseraCore
import TesseraKernels
import TesseraRuntime

/// Runs small problems of every operator on one device and reports what the watcher around it (a
/// simulator, a validation layer) had to say, and which kernels ran.
///
/// Everything happens on the main thread, in order: the simulator can do no other. Lines on standard
/// output: `ran OPERATOR CASES`, `kernel NAME DISPATCHES`, `message WHERE: TEXT`. Exit code 0 means
/// right results and no message.
@main struct KernelCheck: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kernel-check", abstract: "Runs every kernel under a watcher.")

  @Option(help: "Device to run on.") var device = "opencl"
  @Option(help: "Operator, or `more` for kernels that no operator's random problems reach.")
  var op: [String] = []
  @Option(help: "Problems per operator.") var count = 12
  @Option(help: "First seed.") var seed: UInt64 = 1
  @Option(help: "Combinations of compile-time parameters.") var variants: UInt64 = 6
  @Option(help: "Operations a problem may cost, in thousands.") var work = 200.0
  @Flag(help: "Plan as for a GPU: its tile shapes instead of a CPU driver's.") var asGPU = false
  @Option(help: "A mistake to make: \(Mistake.allCases.map(\.rawValue).joined(separator: ", ")).")
  var plant: Mistake?
  @Option(help: "Takes the n-th barrier (from 1) out of --kernel, to see it noticed.")
  var dropBarrier: Int?
  @Option(help: "The kernel for --drop-barrier.") var kernel = ""

  func run() throws {
    var watched = try WatchedDevice(
      device, asGPU: asGPU, dropping: dropBarrier.map { (kernel: kernel, barrier: $0) })
    if let plant {
      try plant.make(on: watched.device)
      watched.collect("planted \(plant.rawValue)")
    } else {
      let known = ConformanceOperator.allCases
      for operation in known where op.isEmpty || op.contains(operation.rawValue) {
        let ran = try runCases(of: operation, &watched)
        print("ran \(operation.rawValue) \(ran)")
      }
      if op.isEmpty || op.contains("more") {
        for exercise in Exercise.all {
          try exercise.run(watched.device)
          try watched.settle()
          watched.collect(exercise.name)
        }
        print("ran more \(Exercise.all.count)")
      }
    }
    for (name, count) in watched.census.dispatches.sorted(by: { $0.key < $1.key }) {
      print("kernel \(name) \(count)")
    }
    for message in watched.messages { print("message \(message)") }
    if !watched.messages.isEmpty { throw ExitCode(1) }
  }

  /// Runs the first `count` problems that are small enough, and returns how many there were.
  private func runCases(
    of operation: ConformanceOperator, _ watched: inout WatchedDevice
  ) throws -> Int {
    var ran = 0
    // Most problems are small; the bound ends the search should none be.
    for seed in seed..<(seed + UInt64(count) * 20) where ran < count {
      let problem = try operation.makeCase(seed: seed, variants: variants)
      guard try problem.prepare(on: watched.device).plan.estimatedOperations <= work * 1000 else {
        continue
      }
      let (verification, complaint) = try ConformanceRunner.check(
        problem, on: watched.device, simulated: true)
      ran += 1
      let place = "\(operation.rawValue) seed \(seed), \(problem.summary)"
      if let complaint { watched.messages.append("\(place): \(complaint)") }
      if complaint == nil && !verification.passed {
        watched.messages.append("\(place): wrong: \(verification.summary)")
      }
      try watched.settle()
      watched.collect(place)
    }
    return ran
  }
}

extension ConformanceOperator: ExpressibleByArgument {}
