import TesseraCPU
import TesseraCore
import TesseraHAL
import TesseraKernels
import Testing

@Suite struct CPUGEMMTests {
  static let capabilities = CPUDriver.capabilities()

  /// Every part of the range a schedule or tile changes at, and primes.
  static let extents = [1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 16, 17, 31, 32, 33, 47, 64, 97]

  /// A random problem: types, transpositions, batch axes with broadcasts, row padding, epilogue.
  static func problem(
    _ random: inout SeededGenerator, m: Int, n: Int, k: Int, dtypes: [DType] = GEMMProblem.dtypes
  ) throws -> GEMMProblem {
    let batch = [[], [], [2], [3], [2, 3], [2, 1, 2], [1]].randomElement(using: &random) ?? []
    func broadcast() -> [Int] {
      var axes = batch.map { Int.random(in: 0..<3, using: &random) == 0 ? 1 : $0 }
      if Int.random(in: 0..<4, using: &random) == 0 { axes = [] }
      return axes
    }
    func dtype() -> DType { dtypes.randomElement(using: &random) ?? .f32 }
    let (ta, tb) = (Bool.random(using: &random), Bool.random(using: &random))
    let withC = Bool.random(using: &random)
    let a = try Shape(broadcast() + (ta ? [k, m] : [m, k]))
    let b = try Shape(batch + (tb ? [n, k] : [k, n]))
    let c = try Shape(broadcast() + [m, n])
    let biases: [[Int]?] = [nil, [n], [m, 1]]
    let bias = biases[Int.random(in: 0..<3, using: &random)]
    var problem = try GEMMProblem(
      a: (a, dtype()), b: (b, dtype()), c: withC ? (c, dtype()) : nil,
      bias: try bias.map { (try Shape($0), dtype()) }, transposeA: ta, transposeB: tb,
      alpha: [1, 1, -0.5, 1.75].randomElement(using: &random) ?? 1,
      beta: withC ? [0, 1, -0.75].randomElement(using: &random) ?? 0 : 0,
      activation: Activation.allCases.randomElement(using: &random) ?? .none, output: dtype())
    // Rows further apart than they are long, in the operands that have one matrix only.
    func padded(_ operand: GEMMProblem.Operand) -> GEMMProblem.Operand {
      var operand = operand
      if operand.batchStrides.allSatisfy({ $0 == 0 }) {
        operand.rowStride += [0, 1, 5].randomElement(using: &random) ?? 0
      }
      return operand
    }
    problem.a = padded(problem.a)
    problem.b = padded(problem.b)
    problem.c = problem.c.map(padded)
    if problem.batchCount == 1 { problem.d = padded(problem.d) }
    return problem
  }

  /// Runs one case and checks every element, or a sample of a large output.
  static func check(
    _ test: GEMMCase, on runner: some PlanRunner, capabilities: Capabilities = capabilities,
    plan given: Plan? = nil, exactly: Bool = false, _ comment: String
  ) throws {
    let problem = test.problem
    let plan = try given ?? CPUGEMMPlanner.plan(problem, capabilities: capabilities)
    let result = try runner.run(plan, operands: test.operands)
    let d = try #require(result[4])
    for (before, after) in zip(test.operands, result).prefix(4) { #expect(before == after) }
    let outputs = problem.batchCount * problem.m * problem.n
    var random = SeededGenerator(UInt64(outputs))
    let sampled = outputs * max(problem.k, 1) > 20_000
    var written = Set<Int>()
    var worst = 0.0
    for step in 0..<(sampled ? 200 : outputs) {
      let position = sampled ? Int.random(in: 0..<outputs, using: &random) : step
      let (index, i, j) = (
        position / (problem.m * problem.n), position / problem.n % problem.m, position % problem.n
      )
      let element = test.offset(problem.d, index) + i * problem.d.rowStride + j
      let value = GEMMOperand.value(d, element, problem.d.dtype)
      let (expected, bound) = test.expected(index, i, j)
      written.insert(element)
      let off = abs(value - expected)
      let accepted = exactly ? value == expected : off <= bound
      worst = max(worst, off / bound)
      if !accepted {
        Issue.record(
          """
          \(comment): D[\(index)][\(i)][\(j)] = \(value), expected \(expected) ± \(bound)
          \(problem) schedule \(plan.schedule) \(plan.kernels)
          """)
        return
      }
    }
    // What is not an output keeps its bytes.
    guard !sampled else { return }
    let size = problem.d.dtype.byteCount
    for element in 0..<test.outputCount where !written.contains(element) {
      let untouched = d[element * size..<(element + 1) * size].allSatisfy { $0 == 0xFF }
      #expect(untouched, "\(comment): padding of D was written at element \(element)")
    }
  }

  @Test(arguments: 0..<12)
  func `random problems stay within the error bound`(_ group: Int) throws {
    let runner = try CPUPlanRunner()
    for round in 0..<30 {
      let seed = UInt64(group * 1000 + round)
      var random = SeededGenerator(seed)
      func extent() -> Int { Self.extents.randomElement(using: &random) ?? 1 }
      let problem = try Self.problem(&random, m: extent(), n: extent(), k: extent())
      let test = GEMMCase(problem) { random.signedUnit() }
      try Self.check(test, on: runner, "seed \(seed)")
    }
  }

  @Test(arguments: [
    (200, 150, 300), (97, 530, 257), (5, 300, 500), (1, 1500, 300), (3, 130, 2100), (500, 1, 301),
    (301, 3, 525), (4, 4, 4099), (1, 1, 10_000), (300, 520, 1), (128, 256, 64),
  ])
  func `larger problems cross block borders`(_ m: Int, _ n: Int, _ k: Int) throws {
    let runner = try CPUPlanRunner()
    for seed in 0..<3 as Range<UInt64> {
      var random = SeededGenerator(seed)
      let problem = try Self.problem(&random, m: m, n: n, k: k)
      let test = GEMMCase(problem) { random.signedUnit() }
      try Self.check(test, on: runner, "seed \(seed)")
    }
  }

  @Test(arguments: [1, 4, 8, 16])
  func `plans for other vector widths are right here too`(_ width: Int) throws {
    var capabilities = Self.capabilities
    capabilities.vectorWidth = width
    capabilities.computeUnits = 7
    let runner = try CPUPlanRunner()
    for (index, extents) in [(5, 9, 3), (97, 131, 40), (25, 64, 300), (130, 200, 50)].enumerated() {
      for seed in 0..<4 as Range<UInt64> {
        var random = SeededGenerator(seed + 100 * UInt64(index))
        let problem = try Self.problem(&random, m: extents.0, n: extents.1, k: extents.2)
        let test = GEMMCase(problem) { random.signedUnit() }
        try Self.check(test, on: runner, capabilities: capabilities, "seed \(seed) \(extents)")
      }
    }
  }

  @Test func `small integers give the exact result`() throws {
    let runner = try CPUPlanRunner()
    for seed in 0..<100 as Range<UInt64> {
      var random = SeededGenerator(seed)
      func extent() -> Int { Self.extents.randomElement(using: &random) ?? 1 }
      var problem = try Self.problem(&random, m: extent(), n: extent(), k: min(extent(), 48))
      problem.activation = seed % 2 == 0 ? .none : .relu
      problem.alpha = 1
      if problem.c != nil { problem.beta = -1 }
      let test = GEMMCase(problem) { [-2, -1, 1, 2].randomElement(using: &random) ?? 1 }
      try Self.check(test, on: runner, exactly: true, "seed \(seed)")
    }
  }

  @Test func `K = 0 leaves the epilogue`() throws {
    let runner = try CPUPlanRunner()
    for seed in 0..<40 as Range<UInt64> {
      var random = SeededGenerator(seed)
      let m = Self.extents.randomElement(using: &random) ?? 1
      let problem = try Self.problem(&random, m: m, n: Int(seed) + 1, k: 0)
      let test = GEMMCase(problem) { random.signedUnit() }
      try Self.check(test, on: runner, "seed \(seed)")
    }
  }

  @Test(arguments: [(0, 5, 3), (5, 0, 3), (0, 0, 0)])
  func `an empty output plans no work`(_ m: Int, _ n: Int, _ k: Int) throws {
    let problem = try GEMMProblem(
      a: (try Shape([m, k]), .f32), b: (try Shape([k, n]), .f32))
    let plan = try CPUGEMMPlanner.plan(problem, capabilities: Self.capabilities)
    #expect(plan.dispatches.isEmpty)
    #expect(plan.scratch.isEmpty)
  }

  @Test func `beta = 0 binds no C, and a NaN in A reaches its row through relu`() throws {
    let problem = try GEMMProblem(
      a: (try Shape([3, 8]), .f32), b: (try Shape([8, 40]), .f32),
      c: (try Shape([3, 40]), .f32), beta: 0, activation: .relu)
    let plan = try CPUGEMMPlanner.plan(problem, capabilities: Self.capabilities)
    #expect(plan.dispatches.allSatisfy { $0.arguments[2].source == .none })
    var values = [Float](repeating: 1, count: 24)
    values[9] = .nan
    var next = 0
    let test = GEMMCase(problem) {
      defer { next += 1 }
      return next < 24 ? values[next] : -1
    }
    let result = try CPUPlanRunner().run(plan, operands: test.operands)
    let d = try #require(result[4])
    for element in 0..<120 {
      let value = GEMMOperand.value(d, element, .f32)
      #expect(element / 40 == 1 ? value.isNaN : value == 0)
    }
  }

  @Test func `many batches and many axes`() throws {
    let runner = try CPUPlanRunner()
    for (a, b) in [([66_000, 1, 2], [66_000, 2, 2]), ([66_000, 5, 1], [66_000, 1, 5])] {
      var random = SeededGenerator(UInt64(a[1]))
      let problem = try GEMMProblem(a: (try Shape(a), .f32), b: (try Shape(b), .f32))
      let test = GEMMCase(problem) { random.signedUnit() }
      try Self.check(test, on: runner, "batches \(a[0])")
    }
    // Axes that alternate between broadcast operands cannot be merged.
    var random = SeededGenerator(7)
    let left = try Shape([2, 1, 3, 1, 2, 1, 5, 6])
    let right = try Shape([1, 2, 1, 2, 1, 3, 6, 7])
    let problem = try GEMMProblem(a: (left, .f16), b: (right, .bf16), output: .f32)
    let test = GEMMCase(problem) { random.signedUnit() }
    try Self.check(test, on: runner, "six batch axes")
  }

  @Test func `scratch memory is bounded`() throws {
    let big = try GEMMProblem(
      a: (try Shape([8, 4096, 16_384]), .f32), b: (try Shape([8, 16_384, 16_384]), .f32))
    let plan = try CPUGEMMPlanner.plan(big, capabilities: Self.capabilities)
    #expect(plan.schedule == "packed")
    #expect(plan.scratchBytes <= 64 << 20)
    #expect(plan.dispatches.count >= 2 * 8 * 16)
    #expect(plan.flopsDone >= plan.flopsNeeded)
  }

  @Test(arguments: [1, 40_000, 100_000, 300_000])
  func `parts of a bounded scratch fit together`(_ scratchLimit: Int) throws {
    let runner = try CPUPlanRunner()
    // About 130 KB of packed B per batch; with one matrix for all batches, and with one for each.
    // The bias per row keeps the batch from becoming more rows of one product.
    let shapes = [[3, 150, 210], [2, 1, 150, 210], [150, 210]]
    for b in shapes {
      var random = SeededGenerator(UInt64(scratchLimit))
      let problem = try GEMMProblem(
        a: (try Shape([3, 100, 150]), .f32), b: (try Shape(b), .f32),
        bias: (try Shape([100, 1]), .f32))
      let test = GEMMCase(problem) { random.signedUnit() }
      let plan = try CPUGEMMPlanner.plan(
        problem, capabilities: Self.capabilities, scratchLimit: scratchLimit)
      #expect(plan.schedule == "packed")
      #expect(plan.scratchBytes <= max(scratchLimit, 150 * 32 * 4))
      #expect(plan.dispatches.count > (scratchLimit < 100_000 || b.count > 2 ? 2 : 1))
      try Self.check(test, on: runner, plan: plan, "scratch \(scratchLimit)")
    }
  }

  @Test func `the same input gives the same bits`() throws {
    let runner = try CPUPlanRunner()
    var random = SeededGenerator(3)
    let problem = try Self.problem(&random, m: 150, n: 170, k: 133)
    let test = GEMMCase(problem) { random.signedUnit() }
    let plan = try CPUGEMMPlanner.plan(problem, capabilities: Self.capabilities)
    let first = try runner.run(plan, operands: test.operands)
    for _ in 0..<5 { #expect(try runner.run(plan, operands: test.operands) == first) }
  }

  @Test func `activations are right over the whole range`() throws {
    let runner = try CPUPlanRunner()
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
      let plan = try CPUGEMMPlanner.plan(problem, capabilities: Self.capabilities)
      let d = try #require(try runner.run(plan, operands: test.operands)[4])
      for (row, x) in values.enumerated() {
        let value = GEMMOperand.value(d, row * 5, .f32)
        let (expected, _) = test.expected(0, row, 0)
        let bound = 1e-6 * abs(expected) + 2e-7 * min(1, abs(Double(x))) + 1e-30
        #expect(abs(value - expected) <= bound, "\(activation)(\(x))")
      }
    }
  }
}
