import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraReference
import TesseraRuntime
import Testing

@Suite struct `Selecting blocks` {
  /// What a plan of the problem leaves, as lists; issues if the form is wrong.
  private func lists(
    _ problem: SelectionProblem, _ scores: HostTensor, on context: DeviceContext
  ) throws -> [[Int]] {
    let plan = try SelectPlanner.plan(problem, context.capabilities)
    let operands: [GuardedRun.Operand] = [
      .input(scores), .output(.i32, problem.indexDimensions),
      .output(.i32, problem.countDimensions),
    ]
    let run = try GuardedRun(plan, operands, on: context)
    let again = try GuardedRun(plan, operands, on: context)
    #expect(run.guardsIntact, "\(problem)")
    #expect(again.outputs.map(\.bits) == run.outputs.map(\.bits), "not repeatable: \(problem)")
    let indices = try #require(run.outputs[0].values(as: Int32.self)).map(Int.init)
    let counts = try #require(run.outputs[1].values(as: Int32.self)).map(Int.init)
    return counts.enumerated().map { row, count in
      let entries = indices[(row * problem.width)..<((row + 1) * problem.width)]
      #expect((0...problem.width).contains(count), "\(problem), row \(row)")
      #expect(
        entries.dropFirst(min(max(count, 0), problem.width)).allSatisfy { $0 == -1 },
        "\(problem), row \(row)")
      return Array(entries.prefix(min(max(count, 0), problem.width)))
    }
  }

  private func check(
    _ problem: SelectionProblem, _ values: [Float], on context: DeviceContext
  ) throws {
    let scores = try HostTensor(
      rounding: values, to: problem.dtype, shape: try Shape(problem.scoreDimensions))
    let gold = Reference.selectBlocks(problem, scores: scores.doubles())
    let mine = try lists(problem, scores, on: context)
    for (row, (a, b)) in zip(mine, gold).enumerated() where a != b {
      Issue.record("\(problem), row \(row): \(a.prefix(20)), expected \(b.prefix(20))")
      return
    }
    #expect(mine.count == gold.count)
  }

  /// Scores with ties, NaN and infinities.
  private func scores(_ count: Int, _ random: inout SeededRandom) -> [Float] {
    let kind = random.integer(in: 0...3)
    return (0..<count).map { _ in
      switch random.integer(in: 0...19) {
      case 0: .nan
      case 1: -.infinity
      case 2: random.pick([0, -0.0, .infinity, 1e30, -1e30])
      default: kind == 0 ? Float(random.integer(in: -3...3)) : Float(random.normal())
      }
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `is exact for random scores, forced blocks and rules`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(51)
    for index in 0..<60 {
      let queryBlock = random.pick([1, 1, 3, 16, 64]), keyBlock = random.pick([1, 4, 16, 64])
      let (queries, blocks) = (random.integer(in: 1...70), random.pick([1, 5, 63, 64, 65, 127, 300]))
      let rows = BlockRows(
        queryLength: queries, keyLength: blocks * keyBlock - random.integer(in: 0...(keyBlock - 1)),
        queryBlock: queryBlock, keyBlock: keyBlock, causal: random.integer(in: 0...1) == 0,
        alignment: random.pick([.bottomRight, .topLeft]))
      let (initial, local) = random.pick([(0, 0), (1, 2), (0, 3), (2, 0), (7, 9)])
      let k = max(random.pick([1, 4, 16, 40]), initial + local)
      let rule: SelectionProblem.Rule =
        switch index % 4 {
        case 0, 1: .topK(k)
        case 2: .threshold(random.pick([-1, 0, 0.5]))
        default: .relative(random.pick([0, 0.1, 0.9, 1]))
        }
      let problem = SelectionProblem(
        rows: rows, batch: random.integer(in: 1...2), listHeads: random.integer(in: 1...2),
        rule: rule, width: random.pick([nil, max(k, initial + local) + 3]),
        initialBlocks: min(initial, blocks), localBlocks: initial + local > blocks ? 0 : local,
        dtype: [.f32, .f16, .bf16][index % 3])
      guard (try? problem.validate()) != nil else { continue }
      try check(
        problem, scores(problem.scoreDimensions.reduce(1, *), &random), on: context)
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `by cumulative share takes as few as sum to it`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(52)
    for blocks in [1, 20, 64, 500] {
      for share in [0, 0.3, 0.75, 0.9, 1] as [Float] {
        let rows = BlockRows(queryLength: 9, keyLength: blocks * 2, keyBlock: 2, causal: true)
        for (initial, local) in [(0, 0), (1, 1)] where blocks > 1 || initial == 0 {
          let problem = SelectionProblem(
            rows: rows, batch: 1, listHeads: 2, rule: .topP(share), initialBlocks: initial,
            localBlocks: local)
          // Eighths: sums are exact, in any order; no sum meets the share but at 0 and 1.
          let values = (0..<(18 * blocks)).map { _ in
            random.integer(in: 0...9) == 0 ? Float.nan : Float(random.integer(in: -8...99)) / 8
          }
          try check(problem, values, on: context)
        }
      }
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `keeps forced blocks of the worst scores, and the lowest of equal ones`(
    _ device: NeighborhoodDevice
  ) throws {
    let context = try device.context()
    let rows = BlockRows(queryLength: 100, keyLength: 400, keyBlock: 4, causal: true)
    var problem = SelectionProblem(
      rows: rows, batch: 1, listHeads: 1, rule: .topK(16), initialBlocks: 1, localBlocks: 2)
    let count = problem.scoreDimensions.reduce(1, *)
    for value in [0, -0.0, .nan, -.infinity, 3, -3, -.greatestFiniteMagnitude] as [Float] {
      try check(problem, [Float](repeating: value, count: count), on: context)
    }
    // Forced blocks are worst, others better the further they are from the query.
    let worst = (0..<count).map { i in
      let b = i % 100
      return problem.forces(i / 100, b) ? -Float.greatestFiniteMagnitude : Float(1000 - b)
    }
    try check(problem, worst, on: context)
    problem.rows.causal = false
    try check(problem, worst.map { -$0 }, on: context)
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `goes up to 4096 of 65536 blocks`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(53)
    for (blocks, k) in [(16384, 1), (16384, 16), (65536, 2048), (65536, 4096), (4096, 4096)] {
      let rows = BlockRows(queryLength: 2, keyLength: 64 * blocks, keyBlock: 64)
      let problem = SelectionProblem(
        rows: rows, batch: 1, listHeads: 1, rule: .topK(k), initialBlocks: 0, localBlocks: 0)
      // Few distinct scores in the second half: ties across all tiles.
      let values = random.normals(blocks) + (0..<blocks).map { _ in Float(random.integer(in: 0...20)) }
      try check(problem, values, on: context)
    }
  }

  @Test func `names what does not fit`() throws {
    func fault(_ body: () throws -> Void) -> String {
      do { try body() } catch { return "\(error)" }
      return "none"
    }
    let rows = BlockRows(queryLength: 4, keyLength: 64, keyBlock: 4)
    func problem(_ rule: SelectionProblem.Rule, _ initial: Int = 0) -> SelectionProblem {
      SelectionProblem(rows: rows, batch: 1, listHeads: 1, rule: rule, initialBlocks: initial)
    }
    #expect(fault { try problem(.topK(-1)).validate() }.contains("width"))
    #expect(fault { try problem(.topK(3), 4).validate() }.contains("init"))
    #expect(fault { try problem(.topP(1.5)).validate() }.contains("top_p"))
    #expect(fault { try problem(.relative(-1)).validate() }.contains("relative"))
    #expect(fault { try problem(.threshold(.nan)).validate() }.contains("threshold"))
    #expect(
      fault {
        _ = try SelectionProblem(scores: ([1, 2, 3, 4], .f32), rule: .topK(1), keys: 9, keyBlock: 2)
      }.contains("keys"))
  }
}
