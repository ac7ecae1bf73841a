import TesseraConformance
import TesseraCore
import TesseraKernels
import TesseraReference

/// Data of the reference set, and its verification in f64.
struct HPCData {
  let problem: HPCProblem
  private let benchCase: HPCBenchCase

  init(_ benchCase: HPCBenchCase) throws(TesseraError) {
    self.benchCase = benchCase
    let c = benchCase
    let kind = c.operationKind
    let sparse = kind == .cg
    guard kind != .cg || (c.width > 0 && c.n % c.width == 0) else {
      throw .invalidArgument("n", got: c.n, allowed: "whole lines of \(c.width) cells")
    }
    let (entries, overflow) = c.n.multipliedReportingOverflow(by: c.perRow)
    guard !overflow, c.perRow >= 0, c.perRow <= c.n else {
      throw .invalidArgument("perRow", got: c.perRow, allowed: "0...n")
    }
    problem = try HPCProblem(
      kind, n: c.n, width: c.width, entries: sparse ? Self.stencilEntries(c.n, c.width) : entries,
      steps: c.steps)
  }

  func operands(invocations: Int) throws(TesseraError) -> [Subject.Operand?] {
    let (n, p) = (problem.n, problem)
    func matrix() throws(TesseraError) -> [Subject.Operand?] {
      [
        try .input("rows", .i32, [n + 1], varies: false),
        try .input("columns", .i32, [p.entries], varies: p.operation == .spmv && p.entries > 0),
        try .input("values", .f32, [p.entries], varies: p.entries > 0),
      ]
    }
    switch p.operation {
    case .axpy:
      return [try .input("x", .f32, [n]), try .input("y", .f32, [n]), try .output("z", .f32, [n])]
    case .gemv:
      return [
        try .input("a", .f32, [n, p.width]), try .input("x", .f32, [p.width]),
        try .output("y", .f32, [n]),
      ]
    case .spmv:
      return try matrix() + [try .input("x", .f32, [n]), try .output("y", .f32, [n])]
    case .jacobi:
      return [try .input("u", .f32, [n]), try .input("f", .f32, [n]), try .output("v", .f32, [n])]
    case .cg: return try matrix() + [try .input("b", .f32, [n]), try .output("x", .f32, [n])]
    case .read: return [try .input("in", .f32, [n]), try .output("out", .f32, [invocations])]
    case .write, .fma: return [try .output("out", .f32, [n])]
    }
  }

  func inputs(
    _ seed: UInt64, _ operands: [Subject.Operand?]
  ) throws(TesseraError) -> [HostTensor?] {
    var random = SeededRandom(seed)
    var result: [HostTensor?] = []
    for operand in operands {
      guard let operand, operand.isInput else {
        result.append(nil)
        continue
      }
      let shape = operand.shape
      switch (operand.name, problem.operation) {
      case ("rows", .cg): result.append(try HostTensor(stencilRows(), shape: shape))
      case ("rows", _):
        result.append(
          try HostTensor(
            (0...problem.n).map { Int32($0 * benchCase.perRow) }, shape: shape))
      case ("columns", .cg): result.append(try HostTensor(stencil().map(\.column), shape: shape))
      case ("columns", _): result.append(try HostTensor(randomColumns(&random), shape: shape))
      case ("values", .cg):
        // The five-point operator and a shift: positive definite, condition below 9. The shift is the
        // seed's, so that other values are another, still symmetric matrix.
        let shift = 1 + Float(random.uniform())
        let values: [Float] = stencil().map { $0.isDiagonal ? 4 + shift : -1 }
        result.append(try HostTensor(values, shape: shape))
      default:
        result.append(
          try HostTensor(
            random.uniforms(shape.elementCount, from: -1, to: 1), shape: shape))
      }
    }
    return result
  }

  /// Distinct ascending columns would need a draw per row; repeated ones are as good here.
  private func randomColumns(_ random: inout SeededRandom) -> [Int32] {
    let (n, perRow) = (UInt64(problem.n), benchCase.perRow)
    return (0..<problem.n).flatMap { _ in
      (0..<perRow).map { _ in Int32(((random.next() >> 32) &* n) >> 32) }.sorted()
    }
  }

  private static func stencilEntries(_ n: Int, _ width: Int) -> Int {
    let height = n / max(width, 1)
    return n + 2 * ((width - 1) * height + width * (height - 1))
  }

  /// Entries of the five-point operator, row by row.
  private func stencil() -> [(column: Int32, isDiagonal: Bool)] {
    var result: [(column: Int32, isDiagonal: Bool)] = []
    result.reserveCapacity(problem.entries)
    let (n, width) = (problem.n, problem.width)
    for i in 0..<n {
      let x = i % width
      if i >= width { result.append((Int32(i - width), false)) }
      if x > 0 { result.append((Int32(i - 1), false)) }
      result.append((Int32(i), true))
      if x + 1 < width { result.append((Int32(i + 1), false)) }
      if i + width < n { result.append((Int32(i + width), false)) }
    }
    return result
  }

  private func stencilRows() -> [Int32] {
    var (rows, count): ([Int32], Int32) = ([0], 0)
    let (n, width) = (problem.n, problem.width)
    for i in 0..<n {
      let x = i % width
      count += 1 + (i >= width ? 1 : 0) + (x > 0 ? 1 : 0) + (x + 1 < width ? 1 : 0)
      count += i + width < n ? 1 : 0
      rows.append(count)
    }
    return rows
  }
}
