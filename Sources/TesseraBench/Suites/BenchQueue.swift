import Tessera
package import TesseraCore
import TesseraRuntime

/// Measures many cases on one device: verifies each, then times them round after round, so that a slow
/// spell of the machine shows as spread and not as a slower kernel.
package struct BenchQueue {
  /// What a queue does, for a progress line.
  package struct Step: Sendable {
    package var done: Int
    package var total: Int
    package var title: String
  }

  private let runner: BenchRunner
  private let cases: [any BenchCase]
  /// When the last case must have begun, by `HostClock`; nil does not limit.
  private let deadline: UInt64?

  package init(_ cases: [any BenchCase], _ runner: BenchRunner, deadline: UInt64? = nil) {
    self.cases = cases
    self.runner = runner
    self.deadline = deadline
  }

  /// The rows, in the cases' order; those for which there was no time are named apart.
  package func rows(
    progress: (Step) -> Void = { _ in }
  ) throws(TesseraError) -> (rows: [BenchRow], leftOut: [String]) {
    let rounds = runner.budget.rounds
    let total = cases.count * (1 + rounds)
    var done = 0
    func step(_ title: String) {
      progress(Step(done: done, total: total, title: title))
      done += 1
    }
    var rows: [BenchRow] = []
    var leftOut: [String] = []
    var next = 0
    while next < cases.count {
      // As many cases at once as share a quarter of the memory.
      var sessions: [BenchSession] = []
      var bytes = 0
      while next < cases.count, sessions.isEmpty || bytes < runner.device.info.memoryBytes / 4 {
        let benchCase = cases[next]
        next += 1
        step("\(benchCase.operation) \(benchCase.title): verify")
        if isLate {
          leftOut.append("\(benchCase.operation) \(benchCase.title)")
          continue
        }
        let session = try prepare(benchCase)
        bytes += session.operandBytes
        sessions.append(session)
      }
      for round in 0..<rounds {
        for session in sessions {
          step("\(session.title): round \(round + 1) of \(rounds)")
          // A row has one round at least.
          if round == 0 || !isLate { try session.round() }
        }
      }
      for session in sessions { rows.append(try session.finish()) }
    }
    return (rows, leftOut)
  }

  /// A case that cannot be planned, built or held becomes a failed row, and the others go on. What takes the
  /// device away ends the queue.
  private func prepare(_ benchCase: any BenchCase) throws(TesseraError) -> BenchSession {
    do throws(TesseraError) {
      return try runner.prepare(benchCase)
    } catch {
      guard ![.deviceLost, .timedOut, .poisoned].contains(error.code) else { throw error }
      return runner.failed(benchCase, error)
    }
  }

  private var isLate: Bool { deadline.map { HostClock.now() > $0 } ?? false }
}
