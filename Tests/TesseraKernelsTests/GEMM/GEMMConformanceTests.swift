import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraRuntime
import Testing

/// The kernels of matrix products on whatever OpenCL and Vulkan devices there are, against f64.
@Suite(.serialized) struct GEMMConformanceTests {
  private static let backends: [BackendKind] = [.openCL, .vulkan]

  private func check(
    _ test: GEMMCase, _ runner: RuntimePlanRunner, plan: Plan? = nil, exactly: Bool = false,
    _ comment: String
  ) throws {
    let capabilities = runner.context.capabilities
    try CPUGEMMTests.check(
      test, on: runner, capabilities: capabilities,
      plan: try plan ?? GEMMPlanner.plan(test.problem, capabilities), exactly: exactly, comment)
  }

  @Test(arguments: backends)
  func `random problems stay within the error bound`(_ backend: BackendKind) throws {
    let runner = try RuntimePlanRunner(backend)
    for seed in 0..<10 as Range<UInt64> {
      var random = SeededGenerator(seed)
      func extent() -> Int { CPUGEMMTests.extents.randomElement(using: &random) ?? 1 }
      let problem = try CPUGEMMTests.problem(&random, m: extent(), n: extent(), k: extent())
      let test = GEMMCase(problem) { random.signedUnit() }
      try check(test, runner, "seed \(seed)")
    }
  }

  /// The four transpositions, with ragged edges in each direction and without.
  @Test(arguments: backends, [0, 1, 2, 3])
  func `both operands may be transposed`(_ backend: BackendKind, _ layout: Int) throws {
    let runner = try RuntimePlanRunner(backend)
    let (ta, tb) = (layout & 1 != 0, layout & 2 != 0)
    for (m, n, k) in [(131, 150, 70), (128, 256, 64)] {
      var random = SeededGenerator(UInt64(m + layout))
      let problem = try GEMMProblem(
        a: (try Shape(ta ? [k, m] : [m, k]), .f32), b: (try Shape(tb ? [n, k] : [k, n]), .f32),
        transposeA: ta, transposeB: tb)
      let test = GEMMCase(problem) { random.signedUnit() }
      try check(test, runner, "\(m) × \(n) × \(k)")
    }
  }

  /// Every candidate, so every kernel and shape. They differ in shape only: one compilation each.
  @Test(arguments: backends)
  func `every candidate gives the product`(_ backend: BackendKind) throws {
    let runner = try RuntimePlanRunner(backend)
    var random = SeededGenerator(2)
    let problem = try GEMMProblem(
      a: (try Shape([131, 50]), .f32), b: (try Shape([50, 150]), .f32))
    let test = GEMMCase(problem) { random.signedUnit() }
    for plan in try GEMMPlanner.candidates(problem, runner.context.capabilities) {
      try check(test, runner, plan: plan, "\(plan.kernels)")
    }
  }

  /// The shapes written for GPUs are right where they can run at all: two stages, and one; the row
  /// lengths allow whole vectors in one problem and not in the other.
  @Test(arguments: backends, [64, 69])
  func `forms for GPUs are right on software devices too`(_ backend: BackendKind, _ k: Int) throws {
    let runner = try RuntimePlanRunner(backend)
    let capabilities = runner.context.capabilities
    var random = SeededGenerator(5)
    let problem = try GEMMProblem(
      a: (try Shape([70, k]), .f16), b: (try Shape([148, k]), .f32),
      c: (try Shape([70, 148]), .f32), bias: (try Shape([70, 1]), .bf16), transposeB: true,
      beta: 0.5, activation: .silu, output: .bf16)
    let test = GEMMCase(problem) { random.signedUnit() }
    for form: GEMMForm in [
      .tiled(64, 32, 16, work: (8, 4), unrollK: 4, pad: 4, stages: 2, share: 1),
      .tiled(32, 32, 32, work: (4, 4), unrollK: 4, pad: 4, share: 1),
    ] {
      let plan = try GEMMPlanner.plan(problem, capabilities, form: form)
      try check(test, runner, plan: plan, "\(plan.kernels)")
    }
  }

  @Test(arguments: backends)
  func `small integers give the exact result`(_ backend: BackendKind) throws {
    let runner = try RuntimePlanRunner(backend)
    for (index, dtype) in GEMMProblem.dtypes.enumerated() {
      var random = SeededGenerator(UInt64(index))
      let problem = try GEMMProblem(
        a: (try Shape([3, 37, 29]), dtype), b: (try Shape([29, 41]), dtype),
        c: (try Shape([37, 41]), dtype), beta: -1, output: .f32)
      let test = GEMMCase(problem) { [-2, -1, 1, 2].randomElement(using: &random) ?? 1 }
      try check(test, runner, exactly: true, "\(dtype)")
    }
  }

  @Test(arguments: backends)
  func `K = 0 leaves the epilogue`(_ backend: BackendKind) throws {
    let runner = try RuntimePlanRunner(backend)
    var random = SeededGenerator(1)
    let problem = try GEMMProblem(
      a: (try Shape([33, 0]), .f32), b: (try Shape([0, 18]), .f32), c: (try Shape([33, 18]), .f16),
      bias: (try Shape([18]), .f32), beta: 2, activation: .gelu)
    try check(GEMMCase(problem) { random.signedUnit() }, runner, "K = 0")
  }

  @Test(arguments: backends)
  func `beta = 0 binds no C, and a NaN in A reaches its row through relu`(
    _ backend: BackendKind
  ) throws {
    let runner = try RuntimePlanRunner(backend)
    let problem = try GEMMProblem(
      a: (try Shape([3, 8]), .f32), b: (try Shape([8, 40]), .f32), c: (try Shape([3, 40]), .f32),
      beta: 0, activation: .relu)
    for plan in try GEMMPlanner.candidates(problem, runner.context.capabilities) {
      #expect(plan.dispatches.allSatisfy { $0.arguments[2].source == .none })
      var values = [Float](repeating: 1, count: 24)
      values[9] = .nan
      var next = 0
      let test = GEMMCase(problem) {
        defer { next += 1 }
        return next < 24 ? values[next] : -1
      }
      let d = try #require(try runner.run(plan, operands: test.operands)[4])
      for element in 0..<120 {
        let value = GEMMOperand.value(d, element, .f32)
        #expect(element / 40 == 1 ? value.isNaN : value == 0)
      }
    }
  }

  /// Cuts a small problem as a device with tiny ranges, grids and loops would need it.
  @Test(arguments: backends, [0, 3])
  func `parts of a cut problem fit together`(_ backend: BackendKind, _ layout: Int) throws {
    let runner = try RuntimePlanRunner(backend)
    var capabilities = runner.context.capabilities
    capabilities.maxBindingRange = 24_000
    capabilities.maxGroupCount = [3, 2, 2]
    capabilities.maxLoopIterations = 600
    let (ta, tb) = (layout & 1 != 0, layout & 2 != 0)
    var random = SeededGenerator(UInt64(layout))
    let problem = try GEMMProblem(
      a: (try Shape([2, 1, 3] + (ta ? [90, 61] : [61, 90])), .f32),
      b: (try Shape([1, 2, 1] + (tb ? [75, 90] : [90, 75])), .bf16),
      c: (try Shape([61, 75]), .f32), bias: (try Shape([61, 1]), .f16), transposeA: ta,
      transposeB: tb, beta: 0.5, output: .f16)
    let forms: [GEMMForm] = [
      .tiled(16, 16, 16, work: (4, 4), pad: 4, share: 1), .direct(lanes: 8, work: (4, 2), share: 1),
      .naive(side: 8, share: 1),
    ]
    for form in forms {
      let plan = try GEMMPlanner.plan(problem, capabilities, form: form)
      #expect(plan.dispatches.count > 12)
      for dispatch in plan.dispatches {
        #expect(dispatch.arguments.allSatisfy { $0.byteCount <= 24_000 && $0.offset % 16 == 0 })
        #expect(dispatch.grid.x <= 3 && dispatch.grid.y <= 2 && dispatch.grid.z <= 2)
      }
      let test = GEMMCase(problem) { random.signedUnit() }
      try check(test, runner, plan: plan, "\(plan.schedule)")
    }
  }

  /// One invocation sums more products than lavapipe lets one dispatch sum.
  @Test(arguments: backends)
  func `long sums are complete`(_ backend: BackendKind) throws {
    let runner = try RuntimePlanRunner(backend)
    var random = SeededGenerator(9)
    let problem = try GEMMProblem(
      a: (try Shape([2, 200_001]), .f32), b: (try Shape([200_001, 3]), .f32))
    let test = GEMMCase(problem) { random.signedUnit() }
    for plan in try [
      GEMMPlanner.plan(problem, runner.context.capabilities),
      GEMMPlanner.naive(problem, runner.context.capabilities),
    ] {
      try check(test, runner, plan: plan, "\(plan.schedule)")
    }
  }

  @Test(arguments: backends)
  func `activations are right over the whole range`(_ backend: BackendKind) throws {
    let runner = try RuntimePlanRunner(backend)
    // K = 1 and B = 1 put A through the activation.
    let values: [Float] = (-400...400).map { Float($0) / 8 } + [-1e30, -200, -100, 100, 200, 1e30]
    for activation in Activation.allCases {
      let problem = try GEMMProblem(
        a: (try Shape([values.count, 1]), .f32), b: (try Shape([1, 5]), .f32),
        activation: activation)
      var next = 0
      let test = GEMMCase(problem) {
        defer { next += 1 }
        return next < values.count ? values[next] : 1
      }
      let plan = try GEMMPlanner.plan(problem, runner.context.capabilities)
      let d = try #require(try runner.run(plan, operands: test.operands)[4])
      for (row, x) in values.enumerated() {
        let value = GEMMOperand.value(d, row * 5, .f32)
        let (expected, _) = test.expected(0, row, 0)
        let bound = 1e-6 * abs(expected) + 2e-7 * min(1, abs(Double(x))) + 1e-30
        #expect(abs(value - expected) <= bound, "\(activation)(\(x)) = \(value), not \(expected)")
      }
    }
  }
}
