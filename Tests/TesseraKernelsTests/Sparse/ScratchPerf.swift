import Foundation
import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraReference
import TesseraRuntime
import Testing

@Suite struct `Scratch perf` {
  func best(_ n: Int, _ body: () throws -> Void) rethrows -> Double {
    var best = Double.infinity
    for _ in 0..<n {
      let t = Date()
      try body()
      best = min(best, Date().timeIntervalSince(t))
    }
    return best
  }

  @Test(arguments: [NeighborhoodDevice.openCL, .vulkan])
  func `density`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    let n = 4096, h = 1, d = 64
    for block in [64] {
      let blocks = n / block
      for causal in [false] {
        let shape = try Shape([1, n, h, d])
        var random = SeededRandom(1)
        func host() throws -> HostTensor { try HostTensor(random.normals(n * h * d), shape: shape) }
        let tensors = [try host(), try host(), try host()]
        let q = try Guarded(tensors[0].byteCount, tensors[0], on: context).range, k = try Guarded(tensors[1].byteCount, tensors[1], on: context).range, v = try Guarded(tensors[2].byteCount, tensors[2], on: context).range
        let o = BufferRange(try context.allocate(byteCount: n * h * d * 4))
        let lse = BufferRange(try context.allocate(byteCount: n * h * 4))
        let dense = try AttentionProblem(q: (shape, .f32), k: (shape, .f32), v: (shape, .f32), causal: causal)
        let densePlan = try PlanExecutor.prepare(try AttentionPlanner.plan(dense, context.capabilities), on: context)
        func runDense() throws {
          try PlanExecutor.execute(densePlan, operands: [q, k, v, nil, nil, nil, o, lse], on: context)
          try context.synchronize()
        }
        try runDense()
        var lines: [String] = []
        for density in [1.0, 0.25, 0.05] {
          let width = max(1, Int((Double(blocks) * density).rounded()))
          let rho = Double(width) / Double(blocks)
          var entries: [Int32] = []
          for _ in 0..<(h * blocks) {
            var all = Array(0..<blocks)
            for i in 0..<width { all.swapAt(i, random.integer(in: i...(blocks - 1))) }
            entries += all[0..<width].map { Int32($0) }
          }
          let indices = try HostTensor(entries, shape: try Shape([1, h, blocks, width]))
          let ix = try Guarded(indices.byteCount, indices, on: context).range
          let problem = try BlockListProblem(attention: dense, indices: (indices.shape, .i32), queryBlock: block, keyBlock: block)
          for schedule in [BlockListSchedule.query] {
            let plan = try BlockListPlanner.plan(problem, schedule: schedule, context.capabilities)
            let prepared = try PlanExecutor.prepare(plan, on: context)
            func run() throws {
              try PlanExecutor.execute(prepared, operands: [q, k, v, ix, nil, nil, nil, nil, o, lse], on: context)
              try context.synchronize()
            }
            try run()
            var ratios: [Double] = []
            var td = Double.infinity, ts = Double.infinity
            for _ in 0..<3 {
              let a = try best(1) { try runDense() }, b = try best(2) { try run() }
              td = min(td, a); ts = min(ts, b)
              ratios.append(b / a)
            }
            lines.append("PERF \(device) block \(block) rho \(rho) \(schedule) tile \(plan.tile) dense \(Int(td*1e6))us sparse \(Int(ts*1e6))us sparse/(rho dense) \(ts / td / rho)")
          }
        }
        print(lines.joined(separator: "\n"))
      }
    }
  }
}
