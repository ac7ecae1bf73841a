package import Tessera
package import TesseraCore
import TesseraKernels
import TesseraRuntime

/// Runs random problems on a device and judges them by the oracle.
package enum ConformanceRunner {
  /// One problem that did not come out right.
  package struct Failure: Sendable, Hashable, Codable {
    package var operation: ConformanceOperator
    package var seed: UInt64
    package var reason: String
    package var problem: String
  }

  /// Counts and failures of one run.
  package struct Report: Sendable, Codable {
    package var device: String
    package var operation: ConformanceOperator
    package var problems = 0
    package var failures: [Failure] = []
    /// Largest error as a share of its bound.
    package var worstRatio = 0.0
    package var worstRatioSeed: UInt64 = 0
  }

  /// Runs the problems of `seeds`; after each one `progress` is told how many are done.
  /// - Parameter variants: distinct combinations of compile-time parameters; fewer build faster.
  package static func run(
    _ operation: ConformanceOperator, seeds: Range<UInt64>, on device: Device,
    variants: UInt64 = 24, progress: (Int) -> Void = { _ in }
  ) -> Report {
    var report = Report(device: device.info.id, operation: operation)
    for seed in seeds {
      report.problems += 1
      do throws(TesseraError) {
        let testCase = try operation.makeCase(seed: seed, variants: variants)
        let (verification, complaint) = try check(testCase, on: device)
        if verification.maxRatio > report.worstRatio {
          (report.worstRatio, report.worstRatioSeed) = (verification.maxRatio, seed)
        }
        if let reason = complaint ?? (verification.passed ? nil : verification.summary) {
          report.failures.append(
            Failure(operation: operation, seed: seed, reason: reason, problem: testCase.summary))
        }
      } catch {
        report.failures.append(
          Failure(operation: operation, seed: seed, reason: "threw \(error)", problem: ""))
      }
      progress(report.problems)
    }
    return report
  }

  /// Runs one case twice in guarded memory: against the oracle, and bit for bit against itself, or with
  /// other inputs that mean the same.
  /// - Parameter simulated: runs it once, as simulators make runs dear, in memory whose state they know.
  package static func check(
    _ testCase: any ConformanceCase, on device: Device, simulated: Bool = false
  ) throws(TesseraError) -> (Verification, complaint: String?) {
    let outputs = try testCase.outputs()
    let context = device.context
    let prepared = try testCase.prepare(on: device)
    var first: [HostTensor] = []
    for repetition in 0..<(simulated ? 1 : 2) {
      let inputs = repetition == 0 ? testCase.inputs : testCase.equalInputs
      var memories: [GuardedMemory?] = []
      for input in inputs {
        memories.append(
          try input.map { input throws(TesseraError) in
            try GuardedMemory(
              byteCount: input.byteCount, data: input, whole: simulated, on: context)
          })
      }
      for output in outputs {
        memories.append(
          try output.map { output throws(TesseraError) in
            try GuardedMemory(byteCount: try output.shape.byteCount(of: output.dtype), on: context)
          })
      }
      try PlanExecutor.execute(prepared, operands: memories.map { $0?.range }, on: context)
      for (index, memory) in memories.enumerated() {
        guard try memory?.guardsIntact() ?? true else {
          return (failed, "bytes beside operand \(index) were overwritten")
        }
      }
      var read: [HostTensor] = []
      for (memory, output) in zip(memories[inputs.count...], outputs) {
        guard let memory, let output else { continue }
        read.append(try memory.read(dtype: output.dtype, shape: output.shape))
      }
      if repetition == 0 {
        first = read
      } else if !zip(first, read).allSatisfy({ $0.bytesEqual($1) }) {
        return (failed, "two runs differ")
      }
    }
    return (try testCase.verify(first), nil)
  }

  /// A verification that stands for a failure found before the values were judged.
  private static var failed: Verification {
    var result = Verification([])
    result.passed = false
    return result
  }
}
