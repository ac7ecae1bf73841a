package import TesseraCore
import Tessera
import TesseraRuntime

/// A case with its memory, to be run without being timed or judged.
package struct CaseRun {
  private let subject: Subject
  private let ranges: [BufferRange?]
  private let runner: BenchRunner

  /// Makes the inputs and runs once, so that everything is built.
  package init(_ benchCase: any BenchCase, _ runner: BenchRunner) throws(TesseraError) {
    self.runner = runner
    subject = try benchCase.setup(runner).subject
    var ranges: [BufferRange?] = []
    for (operand, input) in zip(subject.operands, try subject.inputs(runner.seed)) {
      guard let operand else {
        ranges.append(nil)
        continue
      }
      let tensor: Tensor
      if let input {
        tensor = try Tensor(input, on: runner.device)
      } else {
        tensor = try Tensor(zeros: operand.shape, dtype: operand.dtype, on: runner.device)
      }
      ranges.append(try tensor.contiguousRange(operand.name))
    }
    self.ranges = ranges
    try run(1)
    try runner.device.synchronize()
  }

  /// Records the case so many times.
  package func run(_ count: Int) throws(TesseraError) {
    for _ in 0..<count { try subject.run(ranges) }
  }
}
