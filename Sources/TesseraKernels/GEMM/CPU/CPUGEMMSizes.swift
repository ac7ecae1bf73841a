import TesseraCore

/// Bytes the operands of a product take, with every step checked for overflow.
struct CPUGEMMSizes {
  /// Bytes from the first to the last element; 0 where there is no such operand.
  var a = 0
  var b = 0
  var c = 0
  var bias = 0
  var d = 0
  /// Bytes that must move at least: each input once, each output once.
  var moved = 0.0

  init(_ problem: GEMMProblem) throws(TesseraError) {
    let (m, n, k) = (problem.m, problem.n, problem.k)
    if k > 0 {
      a = try span(
        problem.a, rows: problem.transposeA ? k : m, columns: problem.transposeA ? m : k,
        problem.batch)
      b = try span(
        problem.b, rows: problem.transposeB ? n : k, columns: problem.transposeB ? k : n,
        problem.batch)
    }
    if let c = problem.c, problem.beta != 0 {
      self.c = try span(c, rows: m, columns: n, problem.batch)
    }
    d = try span(problem.d, rows: m, columns: n, problem.batch)
    if let bias = problem.bias {
      let count = bias.axis == .row ? n : m
      self.bias = try product(count, bias.dtype.byteCount)
      moved += Double(self.bias)
    }
  }

  /// Bytes of one operand; adds what moves to `moved`.
  private mutating func span(
    _ operand: GEMMProblem.Operand, rows: Int, columns: Int, _ batch: [Int]
  ) throws(TesseraError) -> Int {
    var elements = try sum(try product(rows - 1, operand.rowStride), columns)
    var distinct = Double(rows) * Double(columns)
    for (extent, stride) in zip(batch, operand.batchStrides) where stride != 0 {
      elements = try sum(elements, try product(extent - 1, stride))
      distinct *= Double(extent)
    }
    moved += distinct * Double(operand.dtype.byteCount)
    return try product(elements, operand.dtype.byteCount)
  }

  private func product(_ x: Int, _ y: Int) throws(TesseraError) -> Int {
    let (result, overflow) = x.multipliedReportingOverflow(by: y)
    guard !overflow else {
      throw .overLimit("bytes of an operand", requested: "\(x) · \(y)", limit: Int.max)
    }
    return result
  }

  private func sum(_ x: Int, _ y: Int) throws(TesseraError) -> Int {
    let (result, overflow) = x.addingReportingOverflow(y)
    guard !overflow else {
      throw .overLimit("bytes of an operand", requested: "\(x) + \(y)", limit: Int.max)
    }
    return result
  }
}
