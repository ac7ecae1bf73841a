import Tessera
import TesseraCore
import TesseraKernels
import TesseraRuntime

extension Exercise {
  /// Every form of matrix product that is legal on the device, not the fastest alone.
  static let products = Exercise(name: "forms of matrix products") { device in
    let capabilities = device.context.capabilities
    // Sums longer than a driver lets a loop be are cut into dispatches; elsewhere they are only long.
    let long = capabilities.maxLoopIterations.map { $0 + 100 }
    // Not among the candidates on drivers for CPUs, and right there all the same. Without unrolling its
    // loop is the first to be too long.
    let tiled = GEMMForm.tiled(32, 32, 16, work: (4, 4), unrollK: 1, pad: 4, share: 1)
    let longer = tiled.productLimit(on: capabilities).map { $0 + 100 }
    for (m, n, k) in [(37, 41, 23)] + [long, longer].compactMap({ $0.map { (2, 3, $0) } }) {
      let a = try tensor([m, k], .f32, on: device), b = try tensor([k, n], .f32, on: device)
      let problem = try GEMMProblem(a: (a.shape, .f32), b: (b.shape, .f32), output: .f32)
      var plans = [try GEMMPlanner.plan(problem, capabilities, form: tiled)]
      if k != longer {
        plans += try GEMMPlanner.candidates(problem, capabilities)
        plans.append(try GEMMPlanner.naive(problem, capabilities))
      }
      // One of each kernel.
      var seen: Set<String> = []
      for plan in plans {
        let names = plan.kernels.map { "\($0.name) \($0["SPLIT"] ?? 0) \($0["SUBGROUP"] ?? 0)" }
        guard seen.insert(names.joined()).inserted else { continue }
        let d = try Tensor(uninitialized: [m, n], dtype: .f32, on: device)
        try PlanExecutor.execute(
          try PlanExecutor.prepare(plan, on: device.context),
          operands: [
            BufferRange(a.allocation), BufferRange(b.allocation), nil, nil,
            BufferRange(d.allocation),
          ], on: device.context)
        try device.synchronize()
      }
      withExtendedLifetime((a, b)) {}
    }
  }

  /// Lists too wide for the kernel of short rows, and bias gradients added up from parts.
  static let wide = Exercise(name: "wide lists and parts of bias gradients") { device in
    let full = try device.pattern(
      BlockPattern(.full), queries: 600, queryBlock: 300, keyBlock: 1)
    _ = try device.union(full, full, keys: 600)
    _ = try device.transposed(full, keys: 600)
    let q = try tensor([1, 1500, 1, 4], .f32, on: device)
    let scores = try device.naQK(q, q, window: [3])
    _ = try device.naQKBackward(q, q, scoreGradient: scores, window: [3], relativeBias: true)
    withExtendedLifetime(q) {}
  }
}
