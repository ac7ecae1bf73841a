import Tessera
import TesseraConformance
import TesseraCore
import TesseraKernels
import TesseraReference
import TesseraRuntime

/// Data of native sparse attention or a selection of blocks, and its verification.
struct NSABench {
  private let benchCase: NSABenchCase
  private let problem: NSAProblem
  private let scoring: BlockScoreProblem
  private let q: HostTensor
  private let k: HostTensor
  private let v: HostTensor
  private let gates: HostTensor

  init(_ benchCase: NSABenchCase, seed: UInt64) throws(TesseraError) {
    let c = benchCase
    guard c.kvHeads > 0, c.heads % c.kvHeads == 0, c.tokens > 0, c.batch > 0 else {
      throw .invalidArgument(
        "heads, tokens, batch", got: "\(c.heads)/\(c.kvHeads), \(c.tokens), \(c.batch)",
        allowed: "1 or more, heads a multiple of the KV heads")
    }
    var random = SeededRandom(seed)
    let noise = random.normals(1 << 20)
    let keys = try Shape([c.batch, c.tokens, c.kvHeads, c.headDim])
    try self.init(
      c,
      q: try AttentionData.tensor(
        noise, shift: 0, try Shape([c.batch, c.tokens, c.heads, c.headDim]), c.dtype),
      k: try AttentionData.tensor(noise, shift: 104_729, keys, c.dtype),
      v: try AttentionData.tensor(noise, shift: 209_458, keys, c.dtype),
      gates: try AttentionData.tensor(
        noise, shift: 314_187, try Shape([c.batch, c.tokens, c.heads, 3]), .f32))
  }

  private init(
    _ c: NSABenchCase, q: HostTensor, k: HostTensor, v: HostTensor, gates: HostTensor
  ) throws(TesseraError) {
    benchCase = c
    (self.q, self.k, self.v, self.gates) = (q, k, v, gates)
    var problem = try NSAProblem(
      q: (q.shape, c.dtype), k: (k.shape, c.dtype), v: (v.shape, c.dtype),
      gates: (gates.shape, .f32))
    (problem.block, problem.top) = (c.block, c.top)
    try problem.validate()
    self.problem = problem
    scoring = try BlockScoreProblem(
      q: (q.shape, c.dtype), k: (k.shape, c.dtype), keyBlock: c.block, reduction: .vote,
      causal: true)
  }

  private var selection: SelectionProblem {
    scoring.selection(
      .topK(problem.top), initialBlocks: problem.initialBlocks, localBlocks: problem.localBlocks)
  }

  static func setup(
    _ c: NSABenchCase, _ runner: BenchRunner
  ) throws(TesseraError) -> CaseSetup {
    let (device, context) = (runner.device, runner.device.context)
    let first = try NSABench(c, seed: runner.seed)
    let problem = first.problem
    let prepared =
      c.selects
      ? try device.preparedPlan(first.scoring, selecting: first.selection)
      : try device.preparedPlan(problem)
    let lists: [Subject.Operand?] = [
      try .output("indices", .i32, problem.selection.indexDimensions),
      try .output("counts", .i32, problem.selection.countDimensions),
    ]
    var operands: [Subject.Operand?] = [
      try .input("q", c.dtype, first.q.shape.dimensions),
      try .input("k", c.dtype, first.k.shape.dimensions),
    ]
    if !c.selects {
      operands += [
        try .input("v", c.dtype, first.v.shape.dimensions),
        try .input("gates", .f32, first.gates.shape.dimensions), nil, nil, nil, nil, nil,
      ]
      for (index, name) in [
        "o", "o_cmp", "o_slc", "o_win", "lse_cmp", "lse_slc", "lse_win",
      ].enumerated() {
        operands.append(
          index < 4
            ? try .output(name, problem.dtype, problem.outputDimensions)
            : try .output(name, .f32, problem.lseDimensions))
      }
    }
    operands += lists
    let subject = Subject(
      operands: operands, dispatches: prepared.plan.dispatches.count,
      inputs: { seed throws(TesseraError) in
        let bench = try NSABench(c, seed: seed)
        let own: [HostTensor?] =
          c.selects ? [bench.q, bench.k] : [bench.q, bench.k, bench.v, bench.gates]
        return own + [HostTensor?](repeating: nil, count: operands.count - own.count)
      },
      run: { ranges throws(TesseraError) in
        try PlanExecutor.execute(prepared, operands: ranges, on: context)
      },
      judge: { inputs, outputs, _ throws(TesseraError) in
        guard let q = inputs[0], let k = inputs[1], let indices = outputs[operands.count - 2],
          let counts = outputs[operands.count - 1]
        else { return Verification([]) }
        let bench = try NSABench(
          c, q: q, k: k, v: c.selects ? k : inputs[2] ?? k, gates: c.selects ? q : inputs[3] ?? q,
          checked: first.problem, scoring: first.scoring)
        return try bench.verify(
          outputs.dropLast(2).compactMap(\.self), indices, counts)
      })
    var setup = CaseSetup(subject: subject, plan: prepared.plan)
    guard runner.peers else { return setup }
    setup.makePeers = { report throws(TesseraError) in
      try first.peers(report, runner)
    }
    return setup
  }

  /// The same problem with other data.
  private init(
    _ c: NSABenchCase, q: HostTensor, k: HostTensor, v: HostTensor, gates: HostTensor,
    checked problem: NSAProblem, scoring: BlockScoreProblem
  ) throws(TesseraError) {
    benchCase = c
    (self.q, self.k, self.v, self.gates) = (q, k, v, gates)
    (self.problem, self.scoring) = (problem, scoring)
  }

  /// Dense attention over the same tokens; and of native sparse attention the selected branch by itself.
  private func peers(
    _ report: Examination.Report, _ runner: BenchRunner
  ) throws(TesseraError) -> PeerSet {
    let (device, context) = (runner.device, runner.device.context)
    let ranges = report.ranges
    var set = PeerSet()
    if !benchCase.selects {
      let selected = try device.preparedPlan(problem.selected, .auto)
      let own: [BufferRange?] =
        [ranges[0], ranges[1], ranges[2], ranges[16], ranges[17], nil, nil, nil]
        + [ranges[11], ranges[14]]
      let contender = Contender(name: "selected", on: device) { () throws(TesseraError) in
        try PlanExecutor.execute(selected, operands: own, on: context)
      }
      set.add("selected", .success((selected.plan, contender)))
    }
    guard runner.dense else { return set }
    var dense = problem.windowed
    dense.windowLeft = nil
    let plan = try device.preparedPlan(dense)
    let v = benchCase.selects ? ranges[1] : ranges[2]
    let o = try AttentionData.unwritten(problem.outputDimensions, problem.dtype, on: device)
    let lse = try AttentionData.unwritten(problem.lseDimensions, .f32, on: device)
    let own: [BufferRange?] = [
      ranges[0], ranges[1], v, nil, nil, nil, try o.contiguousRange("o"),
      try lse.contiguousRange("lse"),
    ]
    let contender = Contender(name: "dense", on: device) { () throws(TesseraError) in
      try PlanExecutor.execute(plan, operands: own, on: context)
    }
    set.add("dense", .success((plan.plan, contender)))
    return set
  }

  /// Some queries of some KV heads against the oracle: each is the last query of a shorter sequence.
  private func verify(
    _ outputs: [HostTensor], _ indices: HostTensor, _ counts: HostTensor
  ) throws(TesseraError) -> Verification {
    let c = benchCase
    var result = Verification([])
    for (entry, head) in [(0, 0), (c.batch - 1, c.kvHeads - 1)] {
      for token in Set([0, c.tokens / 3, c.tokens - 1]).sorted() {
        let row = (entry * c.kvHeads + head) * c.tokens + token
        let list = try part(indices, at: row * problem.top, [1, 1, 1, problem.top])
        let count = try part(counts, at: row, [1, 1, 1])
        result = result.and(
          c.selects
            ? try verifySelection(entry, head, token, list, count)
            : try verifyQuery(entry, head, token, outputs, list, count))
      }
    }
    return result
  }

  private func verifyQuery(
    _ entry: Int, _ head: Int, _ token: Int, _ outputs: [HostTensor], _ list: HostTensor,
    _ count: HostTensor
  ) throws(TesseraError) -> Verification {
    let group = problem.group
    let query = (entry * problem.queryLength + token) * problem.heads + head * group
    var own = problem
    (own.batch, own.queryLength, own.keyLength) = (1, 1, token + 1)
    (own.heads, own.kvHeads) = (group, 1)
    let (d, dv) = (problem.headDim, problem.valueDim)
    let tensors = NSATensors(
      own, q: try part(q, at: query * d, own.queryDimensions),
      k: try keys(k, entry, head, 0..<(token + 1)), v: try keys(v, entry, head, 0..<(token + 1)),
      gates: try part(gates, at: query * 3, own.gateDimensions))
    var parts: [HostTensor] = []
    for (index, output) in outputs.enumerated() {
      parts.append(
        index < 4
          ? try part(output, at: query * dv, own.outputDimensions)
          : try part(output, at: query, own.lseDimensions))
    }
    return Verifier.nsa(
      tensors,
      .init(
        o: parts[0], compressed: parts[1], selected: parts[2], window: parts[3], indices: list,
        counts: count, lse: Array(parts[4...])))
  }

  private func verifySelection(
    _ entry: Int, _ head: Int, _ token: Int, _ list: HostTensor, _ count: HostTensor
  ) throws(TesseraError) -> Verification {
    let (group, block) = (problem.group, problem.block)
    let query = (entry * problem.queryLength + token) * problem.heads + head * group
    // Blocks are pooled whole, though the query does not see all of its own.
    let blocks = token / block + 1
    let tokens = min(blocks * block, problem.keyLength)
    let pooled = Reference.windows(
      try keys(k, entry, head, 0..<tokens).doubles(), batch: 1, tokens: tokens, windows: blocks,
      heads: 1, dim: problem.headDim, span: block, stride: block)
    let ownQ = try part(q, at: query * problem.headDim, [1, 1, group, problem.headDim])
    let ownK = try HostTensor(
      rounding: pooled.map { Float($0) }, to: problem.dtype,
      shape: try Shape([1, blocks, 1, problem.headDim]))
    let scores = try BlockScoreProblem(
      q: (ownQ.shape, problem.dtype), k: (ownK.shape, problem.dtype), keyBlock: block,
      keys: token + 1, reduction: .vote, causal: true)
    let own = scores.selection(
      selection.rule, initialBlocks: selection.initialBlocks, localBlocks: selection.localBlocks)
    return Verifier.selection(scores, own, q: ownQ, k: ownK, indices: list, counts: count)
  }

  /// Tokens of one KV head, `[1, tokens, 1, D]`.
  private func keys(
    _ tensor: HostTensor, _ entry: Int, _ head: Int, _ tokens: Range<Int>
  ) throws(TesseraError) -> HostTensor {
    let d = tensor.shape[3]
    let values = tokens.flatMap { token in
      tensor.doubles(
        at: ((entry * problem.keyLength + token) * problem.kvHeads + head) * d, count: d)
    }
    return try HostTensor(
      rounding: values.map { Float($0) }, to: tensor.dtype,
      shape: try Shape([1, tokens.count, 1, d]))
  }

  /// Elements from `start` on.
  private func part(
    _ tensor: HostTensor, at start: Int, _ dimensions: [Int]
  ) throws(TesseraError) -> HostTensor {
    let shape = try Shape(dimensions)
    let bytes = start * tensor.dtype.byteCount
    return HostTensor(dtype: tensor.dtype, shape: shape) { target in
      tensor.withUnsafeBytes {
        target.copyMemory(
          from: UnsafeRawBufferPointer(rebasing: $0[bytes..<(bytes + target.count)]))
      }
    }
  }
}
