import TesseraCore

/// One batch axis with the step it means in each operand, in elements.
struct GEMMBatchAxis: Hashable {
  var extent: Int
  /// Steps in a, b, c, d; 0 where the operand repeats.
  var strides: [Int]

  /// The batch axes of a problem with as few as possible: axes of extent 1 are dropped, and an axis
  /// joins the one inside it where every operand steps over both as over one.
  static func collapsed(_ problem: GEMMProblem) -> [GEMMBatchAxis] {
    let operands = [problem.a, problem.b, problem.c, problem.d]
    var result: [GEMMBatchAxis] = []
    for (axis, extent) in problem.batch.enumerated() where extent != 1 {
      let next = GEMMBatchAxis(
        extent: extent, strides: operands.map { $0?.batchStrides[axis] ?? 0 })
      if let last = result.last, last.encloses(next) {
        result[result.count - 1] = GEMMBatchAxis(
          extent: last.extent * extent, strides: next.strides)
      } else {
        result.append(next)
      }
    }
    return result
  }

  private func encloses(_ inner: GEMMBatchAxis) -> Bool {
    zip(strides, inner.strides).allSatisfy { outer, inside in
      let (step, overflow) = inside.multipliedReportingOverflow(by: inner.extent)
      return !overflow && outer == step
    }
  }
}
