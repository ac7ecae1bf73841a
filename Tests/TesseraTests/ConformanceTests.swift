import Foundation
import Tessera
import TesseraConformance
import TesseraKernels
import TesseraReference
import Testing

/// Random problems against the f64 oracle, in guarded memory, twice for equal bits. The same run as
/// `tessera selftest`. `TESSERA_CONFORMANCE_COUNT` sets how many per operator and back-end.
@Suite("Conformance") struct ConformanceTests {
  /// Problems of an operator, and distinct combinations of compile-time parameters among them: software
  /// drivers take seconds per kernel, and gradients have several kernels each.
  static func extent(
    _ operation: ConformanceOperator, _ backend: BackendKind
  ) -> (count: UInt64, variants: UInt64) {
    let given = ProcessInfo.processInfo.environment["TESSERA_CONFORMANCE_COUNT"].flatMap { UInt64($0) }
    let host = backend == .cpu
    let variants: UInt64 = host ? 24 : 2
    return switch operation {
    // Twelve: every element type with every transpose. What is drawn besides makes a kernel of its own of
    // almost every product, and a kernel takes a driver of a CPU seconds.
    case .gemm: (given ?? (host ? 300 : 24), 12)
    case .attention, .na: (given ?? (host ? 200 : 24), variants)
    case .attentionBackward, .naBackward: (given ?? (host ? 200 : 8), host ? 24 : 1)
    // Few kernels, quick to build and to judge.
    case .pattern, .selectBlocks, .prune: (given ?? 200, variants)
    case .quantize, .prunedDecode: (given ?? 140, variants)
    // Plans of many kernels.
    case .nsa, .nsaBackward: (given ?? (host ? 40 : 6), host ? 24 : 1)
    default: (given ?? (host ? 80 : 16), variants)
    }
  }

  /// Back-ends take turns: cases that run side by side then wait for different drivers' compilers.
  @Test(arguments: ConformanceOperator.allCases, Devices.backends)
  func `random problems agree with the oracle`(
    operation: ConformanceOperator, backend: BackendKind
  ) throws {
    let device = try Devices.first(backend)
    let (count, variants) = Self.extent(operation, backend)
    let report = ConformanceRunner.run(
      operation, seeds: 1..<(1 + count), on: device, variants: variants)
    #expect(report.problems == Int(count))
    for failure in report.failures.prefix(5) {
      Issue.record("seed \(failure.seed): \(failure.reason)\n\(failure.problem)")
    }
    #expect(report.failures.isEmpty)
    print(
      "\(device.info.id) \(operation.rawValue): \(report.problems) problems, largest error "
        + "\(report.worstRatio) of its bound (seed \(report.worstRatioSeed))")
  }

  @Test(arguments: ConformanceOperator.allCases)
  func `cases are made from their seed alone and are not all alike`(
    operation: ConformanceOperator
  ) throws {
    var seen: Set<String> = []
    for seed in UInt64(1)..<25 {
      let first = try operation.makeCase(seed: seed, variants: 6)
      let second = try operation.makeCase(seed: seed, variants: 6)
      #expect(first.summary == second.summary)
      let equal = zip(first.inputs, second.inputs).allSatisfy { left, right in
        left?.shape == right?.shape
          && left.map { l in right.map { r in l.withUnsafeBytes { a in r.withUnsafeBytes { a.elementsEqual($0) } } } ?? false } ?? true
      }
      #expect(equal, "seed \(seed)")
      seen.insert(first.summary)
    }
    #expect(seen.count >= 20)
  }

  @Test func `cases of attention meet what the operators can do`() throws {
    var dense: [String: Int] = [:]
    var neighborhood: [String: Int] = [:]
    for seed in UInt64(1)..<201 {
      let a = try #require(
        try ConformanceOperator.attentionBackward.makeCase(seed: seed, variants: 6)
          as? AttentionBackwardCase
      ).attention
      let p = a.problem
      for (name, holds) in [
        ("gqa", p.group > 1), ("dv", p.headDim != p.valueDim), ("causal", p.causal),
        ("top left", p.alignment == .topLeft && p.queryLength != p.keyLength),
        ("window", p.windowLeft != nil || p.windowRight != nil), ("alibi", p.alibi),
        ("cap", p.softCap != nil), ("packed", p.packed), ("nq ≠ nk", p.queryLength != p.keyLength),
        ("no keys", p.keyLength == 0), ("no queries", p.queryLength == 0),
        ("scale 0", p.scale == 0), ("output", p.dtype != p.outputDType),
      ] where holds { dense[name, default: 0] += 1 }
      let n = try #require(
        try ConformanceOperator.naBackward.makeCase(seed: seed, variants: 6)
          as? NeighborhoodBackwardCase
      ).attention
      for (name, holds) in [
        ("plain", n.problem.isPlain), ("bias", n.bias != nil), ("mask", n.keyMask != nil),
        ("hidden", n.bias?.floats().contains(-.infinity) ?? false),
        ("all masked", n.keyMask?.floats().allSatisfy { $0 == 0 } ?? false),
        ("ring", n.problem.circular.contains(true)), ("extra", n.extraK != nil),
        ("finer", zip(n.problem.queryLengths, n.problem.axes).contains { $0 > $1.length }),
        ("coarser", zip(n.problem.queryLengths, n.problem.axes).contains { $0 < $1.length }),
        ("causal", n.problem.axes.contains { $0.causal }), ("3 axes", n.problem.axes.count == 3),
      ] where holds { neighborhood[name, default: 0] += 1 }
    }
    #expect(dense.count == 13 && dense.values.allSatisfy { $0 > 0 }, "\(dense)")
    #expect(neighborhood.count == 11, "\(neighborhood)")
  }

  @Test func `cases of attention over lists meet what the operators can do`() throws {
    var lists: [String: Int] = [:]
    var paged: [String: Int] = [:]
    for seed in UInt64(1)..<201 {
      let c = try #require(
        try ConformanceOperator.sparseAttention.makeCase(seed: seed) as? BlockListCase)
      let (p, a) = (c.attention.problem, c.attention.problem.attention)
      let keys = Reference.attendedKeys(p, c.attention.inputs)
      for (name, holds) in [
        ("gqa", a.group > 1), ("odd group", a.group % 2 == 1 && a.group > 1), ("dv", a.headDim != a.valueDim),
        ("causal", a.causal), ("top left", a.alignment == .topLeft), ("cap", a.softCap != nil),
        ("packed", a.packed), ("nq ≠ nk", a.queryLength != a.keyLength), ("counts", p.counts),
        ("sinks", p.sinks), ("window", p.addedLeft != nil), ("one list", p.listHeads == 1 && a.heads > 1),
        ("per KV head", p.listHeads == a.kvHeads && a.kvHeads > 1 && a.group > 1),
        ("per head", p.listHeads == a.heads && a.group > 1), ("tokens", p.keyBlock == 1),
        ("rows of tokens", p.queryBlock == 1), ("no entries", p.listWidth == 0),
        ("empty rows", keys.contains { $0.isEmpty } && !keys.allSatisfy { $0.isEmpty }),
        ("query", c.schedule == .query), ("kv", c.schedule == .kv), ("auto", c.schedule == .auto),
        ("no keys", a.keyLength == 0), ("output", a.dtype != a.outputDType),
        ("other order", zip(c.inputs, c.equalInputs).contains { $0?.floats() != $1?.floats() }),
      ] where holds { lists[name, default: 0] += 1 }
      let d = try #require(try ConformanceOperator.pagedDecode.makeCase(seed: seed) as? PagedCase)
      let (q, lengths) = (d.attention.problem, d.attention.lengths.floats())
      for (name, holds) in [
        ("page 1", q.pageSize == 1), ("lists", q.listHeads != nil), ("counts", q.counts),
        ("sixteen pages", q.pageSize == 16 && lengths.contains { (241...255).contains($0) }),
        ("and g 16", q.group == 16 && lengths.contains { (241...255).contains($0) }),
        ("several tokens", q.queryLength > 1), ("splits", (q.splits ?? 1) > 1), ("sinks", q.sinks),
        ("NaN", d.attention.k.floats().contains { $0.isNaN }),
        ("other blocks", q.listHeads != nil && q.keyBlock != q.pageSize),
      ] where holds { paged[name, default: 0] += 1 }
    }
    #expect(lists.count == 24, "\(lists)")
    #expect(paged.count == 10, "\(paged)")
  }

  @Test func `a wrong result, a skipped element and an overrun would be seen`() throws {
    let device = try Devices.first(.cpu)
    let testCase = try #require(try ConformanceOperator.gemm.makeCase(seed: 7) as? GEMMCase)
    let (good, complaint) = try ConformanceRunner.check(testCase, on: device)
    #expect(good.passed && complaint == nil)
    let (problem, a, b) = (testCase.problem, testCase.a, testCase.b)
    let (c, bias) = (testCase.c, testCase.bias)
    let reference = try Device("cpu").gemmForTest(problem, a, b, c, bias)
    for index in [0, reference.count / 2, reference.count - 1] {
      var wrong = reference
      wrong[index] = wrong[index] * 1.01 + 0.01
      let verification = Verifier.gemm(
        problem, a: a, b: b, c: c, bias: bias,
        d: try HostTensor(rounding: wrong, to: problem.d.dtype, shape: try Shape(problem.outputDimensions)))
      #expect(!verification.passed, "element \(index)")
      wrong[index] = .nan
      let unwritten = Verifier.gemm(
        problem, a: a, b: b, c: c, bias: bias,
        d: try HostTensor(rounding: wrong, to: problem.d.dtype, shape: try Shape(problem.outputDimensions)))
      #expect(!unwritten.passed, "element \(index)")
    }
    // One byte past the end of guarded memory.
    let memory = try GuardedMemory(byteCount: 64, on: device.context)
    #expect(try memory.guardsIntact())
    var past = memory.range
    past.offset += 64
    past.byteCount = 1
    try [UInt8(0)].withUnsafeBufferPointer { bytes throws(TesseraError) in
      try device.context.write(UnsafeRawBufferPointer(bytes), to: past)
    }
    #expect(try !memory.guardsIntact())
  }
}

extension Device {
  /// The product as floats, by the public operator.
  fileprivate func gemmForTest(
    _ problem: GEMMProblem, _ a: HostTensor, _ b: HostTensor, _ c: HostTensor?, _ bias: HostTensor?
  ) throws -> [Float] {
    try gemm(
      Tensor(a, on: self), Tensor(b, on: self), transposeA: problem.transposeA,
      transposeB: problem.transposeB,
      epilogue: GEMMEpilogue(
        alpha: problem.alpha, beta: problem.beta, c: c.map { try Tensor($0, on: self) },
        bias: bias.map { try Tensor($0, on: self) }, activation: problem.activation),
      output: problem.d.dtype
    ).floats()
  }
}
