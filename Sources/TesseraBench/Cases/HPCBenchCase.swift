import Tessera
package import TesseraCore
package import TesseraKernels
import TesseraRuntime

/// One operation of the reference set, or a loop that measures a ceiling.
package struct HPCBenchCase: BenchCase {
  package var operationKind: HPCProblem.Operation
  package var n: Int
  package var width: Int
  /// Entries per row of a sparse matrix.
  package var perRow: Int
  package var steps: Int

  package init(
    _ operation: HPCProblem.Operation, n: Int, width: Int = 1, perRow: Int = 0, steps: Int = 1
  ) {
    operationKind = operation
    (self.n, self.width, self.perRow, self.steps) = (n, width, perRow, steps)
  }

  package var operation: String { operationKind.rawValue }
  package var dtype: DType { .f32 }

  package var parameters: [String: BenchRow.Value] {
    var result: [String: BenchRow.Value] = ["n": .int(n)]
    switch operationKind {
    case .gemv: result["width"] = .int(width)
    case .spmv: result["perRow"] = .int(perRow)
    case .jacobi: (result["width"], result["steps"]) = (.int(width), .int(steps))
    case .cg: (result["width"], result["steps"]) = (.int(width), .int(steps))
    case .fma: result["steps"] = .int(steps)
    case .axpy, .read, .write: break
    }
    return result
  }

  package var title: String {
    switch operationKind {
    case .gemv: "\(n)×\(width)"
    case .spmv: "\(n) rows of \(perRow)"
    case .jacobi: "\(n / max(width, 1))×\(width), \(steps) steps"
    case .cg: "\(n / max(width, 1))×\(width), \(steps) steps"
    case .fma: "\(n) invocations, \(steps) passes"
    case .axpy, .read, .write: "\(n)"
    }
  }

  package func setup(_ runner: BenchRunner) throws(TesseraError) -> CaseSetup {
    let data = try HPCData(self)
    let context = runner.device.context
    let problem = data.problem
    let plan = try HPCPlanner.plan(problem, context.capabilities)
    let prepared = try PlanExecutor.prepare(plan, on: context)
    let operands = try data.operands(
      invocations: HPCPlanner.invocations(problem, context.capabilities))
    let subject = Subject(
      operands: operands, dispatches: plan.dispatches.count,
      inputs: { seed throws(TesseraError) in try data.inputs(seed, operands) },
      run: { ranges throws(TesseraError) in
        try PlanExecutor.execute(prepared, operands: ranges, on: context)
      },
      judge: { inputs, outputs, _ throws(TesseraError) in
        try data.verify(inputs.map { $0 }, outputs.compactMap(\.self).last)
      })
    return CaseSetup(subject: subject, plan: plan)
  }
}
