import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraReference
import TesseraRuntime
import Testing

@Suite struct `Scores of blocks` {
  private func tensor(
    _ values: [Float], _ dimensions: [Int], _ dtype: DType
  ) throws -> HostTensor {
    try HostTensor(rounding: values, to: dtype, shape: try Shape(dimensions))
  }

  /// Runs scores, and the selection fused with them, and compares both with the oracle.
  private func check(
    _ problem: BlockScoreProblem, _ q: HostTensor, _ k: HostTensor,
    _ rule: SelectionProblem.Rule = .topK(5), initial: Int = 0, local: Int = 0,
    on context: DeviceContext
  ) throws {
    let gold = Reference.blockScores(problem, q: q.doubles(), k: k.doubles())
    let run = try GuardedRun(
      try BlockScorePlanner.plan(problem, context.capabilities),
      [.input(q), .input(k), .output(.f32, problem.scoreDimensions)], on: context)
    let plain = Reference.plainBlockScores(problem, q: q.doubles(), k: k.doubles())
    let verdict = Judge.blockScores(
      problem, run.outputs[0].doubles(), gold: gold, plain: plain)
    #expect(verdict.passed && run.guardsIntact, "\(problem): \(verdict)")

    let selection = problem.selection(rule, initialBlocks: initial, localBlocks: local)
    let operands: [GuardedRun.Operand] = [
      .input(q), .input(k), .output(.i32, selection.indexDimensions),
      .output(.i32, selection.countDimensions),
    ]
    let plan = try BlockScorePlanner.plan(
      problem, selecting: selection, context.capabilities)
    let fused = try GuardedRun(plan, operands, on: context)
    let again = try GuardedRun(plan, operands, on: context)
    #expect(fused.guardsIntact && fused.outputs.map(\.bits) == again.outputs.map(\.bits))
    let indices = try #require(fused.outputs[0].values(as: Int32.self)).map(Int.init)
    let counts = try #require(fused.outputs[1].values(as: Int32.self)).map(Int.init)
    let blocks = problem.rows.blocks
    for (index, count) in counts.enumerated() {
      let list = indices[(index * selection.width)..<((index + 1) * selection.width)]
      guard (0...selection.width).contains(count),
        list.dropFirst(count).allSatisfy({ $0 == -1 })
      else {
        Issue.record("\(selection), list \(index): count \(count), \(list)")
        return
      }
      let fault = Judge.selectionFault(
        selection, row: index % problem.rows.rows,
        scores: Array(gold.scores[(index * blocks)..<((index + 1) * blocks)]),
        uncertainty: Array(gold.uncertainty[(index * blocks)..<((index + 1) * blocks)]),
        list: Array(list.prefix(count)))
      if let fault {
        Issue.record("\(selection) of \(problem), list \(index): \(fault)")
        return
      }
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `and lists from them are right for random problems`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(61)
    // Twelve have every type with every reduction.
    for index in 0..<(device.isThorough ? 36 : 12) {
      let dtype = [DType.f32, .f16, .bf16][index % 3]
      let reduction = BlockScoreProblem.Reduction.allCases[index % 4]
      let (kvHeads, group) = (random.integer(in: 1...2), random.pick([1, 2, 3, 7]))
      let d = random.pick(dtype == .f16 ? [1, 30] : [16, 80])
      let batch = random.integer(in: 1...2)
      let (nq, nk) = random.pick([(1, 130), (37, 37), (70, 300), (100, 64)])
      let (queryBlock, keyBlock) = (random.pick([1, 1, 16]), random.pick([1, 4, 16]))
      let pooled = index % 5 == 4
      let blocks = (nk + keyBlock - 1) / keyBlock
      let q = try tensor(
        random.normals(batch * nq * kvHeads * group * d, deviation: 2),
        [batch, nq, kvHeads * group, d], dtype)
      let k = try tensor(
        random.normals(batch * (pooled ? blocks : nk) * kvHeads * d),
        [batch, pooled ? blocks : nk, kvHeads, d], dtype)
      let problem = try BlockScoreProblem(
        q: (q.shape, dtype), k: (k.shape, dtype), queryBlock: queryBlock, keyBlock: keyBlock,
        keys: pooled ? nk : nil, reduction: reduction, causal: random.integer(in: 0...1) == 0,
        alignment: random.pick([.bottomRight, .topLeft]))
      let rule: SelectionProblem.Rule =
        reduction == .vote && index % 8 == 3 ? .topP(0.7) : index % 6 == 5 ? .relative(0.5) : .topK(5)
      let forced = blocks > 6 && random.integer(in: 0...1) == 0
      try check(
        problem, q, k, rule, initial: forced ? 1 : 0, local: forced ? 2 : 0, on: context)
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `add up over the heads of a group, one of which knows`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(62)
    // Only the last head of each group has queries that differ from zero.
    let (n, heads, kvHeads, d) = (48, 8, 2, 16)
    var q = random.normals(n * heads * d, deviation: 4)
    for i in q.indices where i / d % heads % 4 != 3 { q[i] = 0 }
    let k = random.normals(n * kvHeads * d)
    for reduction in BlockScoreProblem.Reduction.allCases {
      let problem = try BlockScoreProblem(
        q: ([1, 48, 8, 16], .f32), k: ([1, 48, 2, 16], .f32), keyBlock: 4, reduction: reduction,
        causal: true)
      try check(
        problem, try tensor(q, [1, n, heads, d], .f32), try tensor(k, [1, n, kvHeads, d], .f32),
        .topK(3), on: context)
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `of one huge key, and of logits far below zero, are votes all the same`(
    _ device: NeighborhoodDevice
  ) throws {
    let context = try device.context()
    let (n, d) = (64, 8)
    let problem = try BlockScoreProblem(
      q: ([1, 64, 2, 8], .f32), k: ([1, 64, 1, 8], .f32), keyBlock: 4, reduction: .vote,
      causal: false, scale: 1)
    let q = try tensor(
      [Float](repeating: 0, count: n * 2 * d).enumerated().map { $0.offset % d == 0 ? 1 : 0 },
      [1, n, 2, d], .f32)
    func keys(_ value: (Int) -> Float) throws -> HostTensor {
      try tensor(
        (0..<(n * d)).map { $0 % d == 0 ? value($0 / d / 4) : 0.25 }, [1, n, 1, d], .f32)
    }
    try check(problem, q, try keys { $0 == 9 ? 1e4 : 0 }, .topK(1), on: context)
    // All equal: the lowest indices.
    try check(problem, q, try keys { _ in -120 }, on: context)
    let run = try GuardedRun(
      try BlockScorePlanner.plan(
        problem, selecting: problem.selection(.topK(3)), context.capabilities),
      [
        .input(q), .input(try keys { _ in -120 }), .output(.i32, [1, 1, n, 3]),
        .output(.i32, [1, 1, n]),
      ], on: context)
    let lists = try #require(run.outputs[0].values(as: Int32.self))
    #expect((0..<n).allSatisfy { Array(lists[(3 * $0)..<(3 * $0 + 3)]) == [0, 1, 2] })
  }

  @Test func `keep their scratch within bounds`() throws {
    var capabilities = Capabilities(backend: .vulkan, kind: .gpu, name: "test")
    capabilities.maxBindingRange = 1 << 32
    let problem = try BlockScoreProblem(
      q: ([1, 65536, 64, 128], .bf16), k: ([1, 65536, 4, 128], .bf16), keyBlock: 64,
      reduction: .vote, causal: true)
    let plan = try BlockScorePlanner.plan(
      problem, selecting: problem.selection(.topK(16), initialBlocks: 1, localBlocks: 2),
      capabilities)
    #expect((plan.scratch.max() ?? 0) <= 64 << 20)
    // All rows of all lists are selected exactly once.
    let rows = plan.dispatches.filter { plan.kernels[$0.kernel].name == "select_blocks" }
      .reduce(0) { $0 + Int($1.constants[0]) + Int($1.constants[1]) << 8 + Int($1.constants[2]) << 16 }
    #expect(rows == 65536 * 4)
  }
}
