import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraReference
import TesseraRuntime
import Testing

/// What random problems against the oracle, which the conformance tests run, do not show.
@Suite struct `Attention on the CPU` {
  typealias Axis = NeighborhoodProblem.Axis

  @Test(arguments: [DType.f32, .f16])
  func `keeps NaN and infinity from those that do not attend them`(_ dtype: DType) throws {
    let context = try NeighborhoodDevice.cpu.context()
    let (n, bad, d) = (90, 50, 16)
    func make(_ poison: Float?) throws -> CPUAttentionCase {
      // One key and value vector, of the only KV head.
      try CPUAttentionCase(
        queries: [1, n], keys: [1, n], d: d, dv: d, dtype: dtype, causal: true, windowLeft: 20,
        seed: 41
      ) { name, i in (name == "k" || name == "v") && i / d == bad ? poison : nil }
    }
    let clean = try make(nil).run(on: context)
    for poison in [Float.nan, .infinity] {
      let dirty = try make(poison).run(on: context)
      for i in 0..<n where i < bad || i > bad + 20 {
        for (tensor, length) in [(0, 2 * d), (1, 2), (2, 2 * d)] {
          #expect(
            dirty.vector(tensor, i, length) == clean.vector(tensor, i, length),
            "query \(i), tensor \(tensor)")
        }
      }
      // Keys that share no query with the bad one.
      for j in 0..<n where abs(j - bad) > 20 {
        for tensor in [3, 4] {
          #expect(dirty.vector(tensor, j, d) == clean.vector(tensor, j, d), "key \(j)")
        }
      }
      #expect(dirty.vector(0, bad, 2 * d).contains { !$0.isFinite })
    }
  }

  @Test func `keeps NaN of a query from keys that it does not attend`() throws {
    let context = try NeighborhoodDevice.cpu.context()
    let (n, bad, d) = (70, 33, 8)
    func make(_ poison: Float?) throws -> CPUAttentionCase {
      try CPUAttentionCase(
        queries: [1, n], keys: [1, n], heads: 1, d: d, dv: d, causal: true, windowLeft: 10, seed: 42
      ) { name, i in (name == "q" || name == "dO") && i / d == bad ? poison : nil }
    }
    let (clean, dirty) = (try make(nil).run(on: context), try make(.nan).run(on: context))
    for j in 0..<n where j > bad || j < bad - 10 {
      for tensor in [3, 4] {
        #expect(dirty.vector(tensor, j, d) == clean.vector(tensor, j, d), "key \(j)")
      }
    }
    #expect(dirty.vector(3, bad, d).contains { $0.isNaN })
  }

  @Test func `stays inside its tensors whatever the cumulative lengths are`() throws {
    let context = try NeighborhoodDevice.cpu.context()
    for (cuQ, cuK) in [
      ([0, 9, 5, 1 << 30], [0, 7, 40, 2]), ([-5, 4, 30, 12], [Int32.min, 3, 3, Int32.max]),
      ([3, 5, 8, 9], [2, 2, 2, 2]), ([20, 20, 20, 20], [15, 15, 15, 15]),
    ] as [([Int32], [Int32])] {
      let test = try CPUAttentionCase(queries: [20], keys: [15], cuQ: cuQ, cuK: cuK, seed: 43)
      let output = try test.run(on: context)
      #expect(output.guardsIntact)
      // Every element is written.
      for tensor in output.tensors {
        #expect(!tensor.floats().contains { $0.isNaN }, "\(cuQ) \(cuK)")
      }
    }
  }

  @Test func `gives tokens of no sequence zeros`() throws {
    let context = try NeighborhoodDevice.cpu.context()
    let test = try CPUAttentionCase(
      queries: [12], keys: [11], heads: 1, d: 4, dv: 4, cuQ: [0, 4, 4, 7], cuK: [0, 3, 5, 5],
      seed: 44)
    let output = try test.run(on: context)
    for i in 0..<12 {
      // The last sequence has queries and no keys.
      let empty = i >= 4
      #expect(output.vector(0, i, 4).allSatisfy { $0 == 0 } == empty)
      #expect((output.vector(1, i, 1) == [-.infinity]) == empty)
      #expect(output.vector(2, i, 4).allSatisfy { $0 == 0 } == empty)
    }
    for j in 3..<11 {
      #expect((output.vector(3, j, 4) + output.vector(4, j, 4)).allSatisfy { $0 == 0 })
    }
  }

  @Test func `takes little memory for gradients of 64 K tokens`() throws {
    let capabilities = try NeighborhoodDevice.cpu.context().capabilities
    let n = 1 << 16
    let shape = (try Shape([1, n, 1, 64]), DType.f32)
    let dense = try AttentionPlanner.planBackward(
      try AttentionProblem(q: shape, k: shape, v: shape, causal: true), capabilities)
    let extra = (try Shape([1, 4, 1, 64]), DType.f32)
    let neighborhood = try NeighborhoodPlanner.planBackward(
      try NeighborhoodProblem(
        q: shape, k: shape, v: shape, extraK: extra, extraV: extra, window: [256]), capabilities)
    let tensors = 8 * n * 64 * 4 + n * 4
    for plan in [dense, neighborhood] {
      // δ and little else.
      #expect(plan.scratchBytes >= 4 * n)
      #expect(Double(tensors + plan.scratchBytes) <= 1.02 * Double(tensors + 4 * n))
      let local = plan.kernels.compactMap { $0["LOCAL_BYTES"] }.max() ?? 0
      #expect(local <= 2 << 20)
    }
    let pairs = Double(n) * Double(n + 1) / 2
    #expect(dense.flopsNeeded == pairs * 2 * (3 * 64 + 2 * 64))
    #expect(dense.flopsDone > dense.flopsNeeded && dense.flopsDone < 1.45 * dense.flopsNeeded)
  }

  @Test func `shares few additional keys' gradients out over the queries`() throws {
    let context = try NeighborhoodDevice.cpu.context()
    let (n, d) = (5000, 8)
    let test = try NeighborhoodCase(
      .init(axes: [Axis(length: n, window: 3)], heads: 2, kvHeads: 1, d: d, dv: d, extra: 3),
      seed: 45, peak: 1)
    let problem = test.problem
    let plan = try NeighborhoodPlanner.planBackward(problem, context.capabilities)
    #expect(plan.notes.contains { $0.contains("parts of") }, "\(plan.notes)")
    let output = try test.run(on: context)
    var random = SeededRandom(46)
    let dO = try HostTensor(
      random.normals(n * 2 * d), shape: try Shape(problem.outputDimensions))
    let inputs = [
      test.q, test.k, test.v, test.extraK, test.extraV, nil, nil, output.o, output.lse, dO,
    ]
    let operands =
      inputs.map { tensor in tensor.map { GuardedRun.Operand.input($0) } ?? .none } + [
        .output(.f32, problem.queryDimensions), .output(.f32, problem.keyDimensions),
        .output(.f32, problem.valueDimensions), .output(.f32, [1, 3, 1, d]),
        .output(.f32, [1, 3, 1, d]), .none,
      ]
    let first = try GuardedRun(plan, operands, on: context)
    let second = try GuardedRun(plan, operands, on: context)
    #expect(first.guardsIntact)
    #expect(zip(first.outputs, second.outputs).allSatisfy { $0.bits == $1.bits })
    let arguments = [test.q, test.k, test.v, test.extraK, test.extraV].map { $0?.doubles() ?? [] }
    let gold = Reference.neighborhoodAttentionBackward(
      problem, q: arguments[0], k: arguments[1], v: arguments[2], extraK: arguments[3],
      extraV: arguments[4], dO: dO.doubles())
    let plain = Reference.plainNeighborhoodAttentionBackward(
      problem, q: arguments[0], k: arguments[1], v: arguments[2], extraK: arguments[3],
      extraV: arguments[4], dO: dO.doubles())
    for (index, path) in [
      \AttentionGradients.dq, \.dk, \.dv, \.dExtraK, \.dExtraV,
    ].enumerated() {
      let verdict = Judge.gradient(
        first.outputs[index].doubles(), gold: gold[keyPath: path],
        plain: plain[keyPath: path].values, rowLength: d, dtype: .f32)
      #expect(verdict.passed, "gradient \(index): \(verdict)")
    }
  }
}
