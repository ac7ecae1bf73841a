import Tessera
import TesseraConformance
import TesseraCore
import TesseraKernels
import TesseraReference
import TesseraRuntime

/// Verifies and times native sparse attention or a selection of blocks.
struct NSABench {
  private let benchCase: NSABenchCase
  private let runner: BenchRunner
  private let problem: NSAProblem
  private let scoring: BlockScoreProblem
  private let q: HostTensor
  private let k: HostTensor
  private let v: HostTensor
  private let gates: HostTensor

  init(_ benchCase: NSABenchCase, _ runner: BenchRunner) throws(TesseraError) {
    (self.benchCase, self.runner) = (benchCase, runner)
    let c = benchCase
    guard c.kvHeads > 0, c.heads % c.kvHeads == 0, c.tokens > 0, c.batch > 0 else {
      throw .invalidArgument(
        "heads, tokens, batch", got: "\(c.heads)/\(c.kvHeads), \(c.tokens), \(c.batch)",
        allowed: "1 or more, heads a multiple of the KV heads")
    }
    var random = SeededRandom(runner.seed)
    let noise = random.normals(1 << 20)
    let keys = try Shape([c.batch, c.tokens, c.kvHeads, c.headDim])
    q = try AttentionData.tensor(
      noise, shift: 0, try Shape([c.batch, c.tokens, c.heads, c.headDim]), c.dtype)
    k = try AttentionData.tensor(noise, shift: 104_729, keys, c.dtype)
    v = try AttentionData.tensor(noise, shift: 209_458, keys, c.dtype)
    gates = try AttentionData.tensor(
      noise, shift: 314_187, try Shape([c.batch, c.tokens, c.heads, 3]), .f32)
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

  func row() throws(TesseraError) -> BenchRow {
    let (device, context) = (runner.device, runner.device.context)
    let prepared =
      benchCase.selects
      ? try device.preparedPlan(scoring, selecting: selection) : try device.preparedPlan(problem)
    func range(_ tensor: HostTensor) throws(TesseraError) -> BufferRange? {
      try Tensor(tensor, on: device).contiguousRange("input")
    }
    let inputs = [try range(q), try range(k), try range(v), try range(gates)]
    let indices = try Tensor(
      uninitialized: try Shape(problem.selection.indexDimensions), dtype: .i32, on: device)
    let counts = try Tensor(
      uninitialized: try Shape(problem.selection.countDimensions), dtype: .i32, on: device)
    let lists = [try indices.contiguousRange("indices"), try counts.contiguousRange("counts")]
    var outputs: [Tensor] = []
    var operands: [BufferRange?]
    if benchCase.selects {
      operands = [inputs[0], inputs[1]] + lists
    } else {
      for index in 0..<7 {
        outputs.append(
          index < 4
            ? try AttentionData.unwritten(problem.outputDimensions, problem.dtype, on: device)
            : try AttentionData.unwritten(problem.lseDimensions, .f32, on: device))
      }
      operands = inputs + [nil, nil, nil, nil, nil]
      for output in outputs { operands.append(try output.contiguousRange("output")) }
      operands += lists
    }
    try PlanExecutor.execute(prepared, operands: operands, on: context)
    var hosts: [HostTensor] = []
    for tensor in outputs { hosts.append(try tensor.host()) }
    let verification = try verify(hosts, try indices.host(), try counts.host())
    var row = runner.base(benchCase, plan: prepared.plan, verification)
    row.scratchBytes = prepared.plan.scratchBytes
    guard verification.passed else { return row }
    let all = operands
    var contenders = [
      Contender(name: "tessera", on: device) { () throws(TesseraError) in
        try PlanExecutor.execute(prepared, operands: all, on: context)
      }
    ]
    try addPeers(&contenders, inputs, lists, outputs)
    try runner.time(&row, contenders, prepared.plan)
    return row
  }

  /// Dense attention over the same tokens; and of native sparse attention a selection and the selected
  /// branch by themselves.
  private func addPeers(
    _ contenders: inout [Contender], _ inputs: [BufferRange?], _ lists: [BufferRange],
    _ outputs: [Tensor]
  ) throws(TesseraError) {
    let (device, context) = (runner.device, runner.device.context)
    guard runner.peers else { return }
    if !benchCase.selects {
      let selected = try device.preparedPlan(problem.selected, .auto)
      let ranges: [BufferRange?] =
        [inputs[0], inputs[1], inputs[2], lists[0], lists[1], nil, nil, nil]
        + [try outputs[2].contiguousRange("o"), try outputs[5].contiguousRange("lse")]
      contenders.append(
        Contender(name: "selected", on: device) { () throws(TesseraError) in
          try PlanExecutor.execute(selected, operands: ranges, on: context)
        })
    }
    guard runner.dense else { return }
    var dense = problem.windowed
    dense.windowLeft = nil
    let plan = try device.preparedPlan(dense)
    let o = try AttentionData.unwritten(problem.outputDimensions, problem.dtype, on: device)
    let lse = try AttentionData.unwritten(problem.lseDimensions, .f32, on: device)
    let ranges: [BufferRange?] = [
      inputs[0], inputs[1], inputs[2], nil, nil, nil, try o.contiguousRange("o"),
      try lse.contiguousRange("lse"),
    ]
    contenders.append(
      Contender(name: "dense", on: device) { () throws(TesseraError) in
        try PlanExecutor.execute(plan, operands: ranges, on: context)
      })
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
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[bytes..<(bytes + target.count)]))
      }
    }
  }
}
