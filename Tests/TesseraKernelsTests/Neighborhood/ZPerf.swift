import Foundation
import TesseraCore
import TesseraKernels
import TesseraRuntime
import Testing
@Suite struct ZPerf {
  @Test func perf() throws {
    guard let which = ProcessInfo.processInfo.environment["NA_PERF"] else { return }
    guard let device = NeighborhoodDevice(rawValue: which) else { return }
    let context = try device.context()
    let forms: [(String, NeighborhoodCase.Form)] = [
      (
        "56x56 w7 H4 D32 B4",
        .init(
          batch: 4, axes: [.init(length: 56, window: 7), .init(length: 56, window: 7)], heads: 4,
          kvHeads: 4, d: 32, dv: 32)
      ),
      (
        "same f16",
        .init(
          batch: 4, axes: [.init(length: 56, window: 7), .init(length: 56, window: 7)], heads: 4,
          kvHeads: 4, d: 32, dv: 32, dtype: .f16)
      ),
      (
        "same dil8",
        .init(
          batch: 4,
          axes: [
            .init(length: 56, window: 7, dilation: 8), .init(length: 56, window: 7, dilation: 8),
          ], heads: 4, kvHeads: 4, d: 32, dv: 32)
      ),
      (
        "64x64 w25 H2 D64 B1",
        .init(
          batch: 1, axes: [.init(length: 64, window: 25), .init(length: 64, window: 25)], heads: 2,
          kvHeads: 2, d: 64, dv: 64)
      ),
      (
        "4096 w512 H2 D64 B1",
        .init(
          batch: 1, axes: [.init(length: 4096, window: 512)], heads: 2, kvHeads: 2, d: 64, dv: 64)
      ),
    ]
    for (name, form) in forms {
      let test = try NeighborhoodCase(form, seed: 1)
      let plan = try NeighborhoodPlanner.plan(test.problem, context.capabilities)
      let prepared = try PlanExecutor.prepare(plan, on: context)
      let tensors = [test.q, test.k, test.v]
      var ops: [BufferRange?] = try tensors.map { t in
        let r = BufferRange(try context.allocate(byteCount: t.byteCount))
        try t.withUnsafeBytes { b throws(TesseraError) in try context.write(b, to: r) }
        return r
      }
      ops += [nil, nil]
      ops.append(
        BufferRange(
          try context.allocate(
            byteCount: try Shape(test.problem.outputDimensions).byteCount(
              of: test.problem.outputDType))))
      ops.append(
        BufferRange(
          try context.allocate(byteCount: try Shape(test.problem.lseDimensions).byteCount(of: .f32))
        ))
      var best = Double.infinity
      let clock = ContinuousClock()
      for _ in 0..<4 {
        let t = try clock.measure {
          try PlanExecutor.execute(prepared, operands: ops, on: context)
          try context.synchronize()
        }
        best = min(
          best, Double(t.components.attoseconds) * 1e-15 + Double(t.components.seconds) * 1e3)
      }
      print(
        "PERF", which, name,
        String(
          format: "%.2f ms, needed %.2f GFLOP/s, done %.2f", best, plan.flopsNeeded / best / 1e6,
          plan.flopsDone / best / 1e6), plan.tile, plan.kernels.map(\.description),
        plan.tiles as Any, plan.dispatches.count)
    }
  }
}
