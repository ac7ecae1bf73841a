import TesseraCore
import TesseraKernels
import TesseraReference
import TesseraRuntime
import Testing

/// A pattern on a device, compared with the brute force of the oracle.
struct PatternCase {
  let problem: PatternProblem
  var columns: [Int32] = []
  var slashes: [Int32] = []

  /// What is wrong with a device's lists, or nil.
  func fault(on context: DeviceContext) throws -> String? {
    let (heads, rows, width) = (problem.patterns.count, problem.rows, problem.width)
    let plan = try PatternPlanner.plan(problem, context.capabilities)
    func input(_ words: [Int32]) throws -> GuardedRun.Operand {
      words.isEmpty ? .none : .input(try HostTensor(words, shape: try Shape([words.count])))
    }
    let run = try GuardedRun(
      plan,
      [
        try input(problem.patterns.flatMap(\.table)), try input(columns), try input(slashes),
        .output(.i32, [problem.batch, heads, rows, width]),
        .output(.i32, [problem.batch, heads, rows]),
      ], on: context)
    guard run.guardsIntact else { return "guard bytes changed" }
    let indices = try #require(run.outputs[0].values(as: Int32.self)).map(Int.init)
    let counts = try #require(run.outputs[1].values(as: Int32.self)).map(Int.init)
    let gold = Reference.pattern(problem, columns: columns, slashes: slashes)
    for list in 0..<(problem.batch * heads) {
      for row in 0..<rows {
        let expected = gold[list % heads][row]
        guard expected.count <= width else {
          return "head \(list % heads) row \(row): \(expected.count) blocks, width \(width)"
        }
        let at = list * rows + row
        let own = Array(indices[(at * width)..<((at + 1) * width)])
        guard own == expected + Array(repeating: -1, count: width - expected.count),
          counts[at] == expected.count
        else { return "head \(list % heads) row \(row): \(own), \(counts[at]), not \(expected)" }
      }
    }
    return nil
  }
}
