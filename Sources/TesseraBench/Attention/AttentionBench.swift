import Tessera
import TesseraConformance
import TesseraCore
import TesseraKernels
import TesseraRuntime

/// One attention, forward or backward, to be verified and timed, and beside it others over the same data.
struct AttentionBench {
  let attention: BenchAttention
  let backward: Bool
  /// Dense attention over all tokens, to compare with.
  let peer: BenchAttention?
  /// The same attention computed in other ways, by name.
  var ways: [(name: String, attention: BenchAttention)] = []

  func setup(_ runner: BenchRunner) throws(TesseraError) -> CaseSetup {
    let device = runner.device
    let forward = try attention.prepare(backward: false, on: device)
    let timed = backward ? try attention.prepare(backward: true, on: device) : forward
    let operands = try self.operands()
    var plan = timed.plan
    if case .lists(let lists) = attention {
      let problem = lists.problem.attention
      let (d, dv) = (Double(problem.headDim), Double(problem.valueDim))
      plan.flopsNeeded = 2 * attention.pairs * (backward ? 3 * d + 2 * dv : d + dv)
    }
    let subject = try subject(timed, after: forward, on: device, judgeSeed: runner.seed)
    var setup = CaseSetup(subject: subject, plan: plan)
    setup.makePeers = { report throws(TesseraError) in
      try peers(report, operands, timed, runner)
    }
    let pairs = attention.pairs
    setup.complete = { row, others in
      guard let dense = others["dense"], let ratio = row.peers["dense"]?.ratio,
        timed.plan.flopsDone > 0
      else { return }
      var bound = dense.flopsDone / timed.plan.flopsDone
      if case .lists = attention, let peer { bound = peer.pairs / max(pairs, 1) }
      row.speedup = ratio
      row.bound = bound
      row.share = ratio / bound
    }
    return setup
  }

  /// The attention on given memory.
  /// - Parameter forward: makes what gradients start from.
  func subject(
    _ timed: PreparedPlan, after forward: PreparedPlan, on device: Device, judgeSeed: UInt64
  ) throws(TesseraError) -> Subject {
    let operands = try self.operands()
    let context = device.context
    return Subject(
      operands: operands, dispatches: timed.plan.dispatches.count,
      inputs: { seed throws(TesseraError) in try inputs(seed, forward, device) },
      run: { ranges throws(TesseraError) in
        try PlanExecutor.execute(timed, operands: ranges, on: context)
      },
      judge: { inputs, outputs, few throws(TesseraError) in
        try judge(inputs, outputs, operands, seed: judgeSeed, few: few)
      })
  }

  /// What a tuner measures; forward passes only.
  func tuning(_ tunable: Device.Tunable) -> TuningProblem? {
    guard !backward else { return nil }
    return TuningProblem(tunable) { prepared, device throws(TesseraError) in
      try subject(prepared, after: prepared, on: device, judgeSeed: 1)
    }
  }

  /// Q, K, V, the lists, what there is not, O and LSE, and for gradients dO and the gradients.
  private func operands() throws(TesseraError) -> [Subject.Operand?] {
    let a = attention
    var result: [Subject.Operand?] = [
      try .input("q", a.dtype, a.queryDimensions), try .input("k", a.dtype, a.keyDimensions),
      try .input("v", a.dtype, a.valueDimensions),
    ]
    // Other lists are another problem, and a selection by itself is verified apart.
    if let indices = a.indices {
      result.append(try .input("indices", .i32, indices.shape.dimensions, varies: false))
    }
    result += [Subject.Operand?](repeating: nil, count: a.absent.inputs)
    guard backward else {
      return result + [
        try .output("o", a.outputDType, a.outputDimensions),
        try .output("lse", .f32, a.lseDimensions),
      ]
    }
    result += [
      try .input("o", a.outputDType, a.outputDimensions), try .input("lse", .f32, a.lseDimensions),
      try .input("dO", a.outputDType, a.outputDimensions),
      try .output("dq", a.dtype, a.queryDimensions), try .output("dk", a.dtype, a.keyDimensions),
      try .output("dv", a.dtype, a.valueDimensions),
    ]
    return result + [Subject.Operand?](repeating: nil, count: a.absent.gradients)
  }

  /// Places of O and LSE, and of dO, among the operands.
  private func places(_ operands: [Subject.Operand?]) -> (o: Int, dO: Int) {
    let o = 3 + (attention.indices == nil ? 0 : 1) + attention.absent.inputs
    return (o, o + 2)
  }

  private func inputs(
    _ seed: UInt64, _ forward: PreparedPlan, _ device: Device
  ) throws(TesseraError) -> [HostTensor?] {
    let host = try AttentionData.random(attention, backward: backward, seed: seed)
    var result: [HostTensor?] = Array(host.prefix(3))
    if let indices = attention.indices { result.append(indices) }
    result += [HostTensor?](repeating: nil, count: attention.absent.inputs)
    guard backward else { return result + [nil, nil] }
    // Gradients start from the forward pass's results.
    let data = try AttentionData(attention, backward: true, seed: seed, on: device)
    try PlanExecutor.execute(
      forward, operands: try data.operands(backward: false), on: device.context)
    result += [try data.o.host(), try data.lse.host(), host[3], nil, nil, nil]
    return result + [HostTensor?](repeating: nil, count: attention.absent.gradients)
  }

  private func judge(
    _ inputs: [HostTensor?], _ outputs: [HostTensor?], _ operands: [Subject.Operand?],
    seed: UInt64, few: Bool
  ) throws(TesseraError) -> Verification {
    let (o, dO) = places(operands)
    let host =
      inputs.prefix(3).compactMap(\.self) + [backward ? inputs[dO] : nil].compactMap(\.self)
    guard let output = backward ? inputs[o] : outputs[o],
      let lse = backward ? inputs[o + 1] : outputs[o + 1]
    else { return Verification([]) }
    let gradients = backward ? outputs[(dO + 1)...(dO + 3)].compactMap(\.self) : []
    let judge = AttentionJudge(
      attention, host: host, o: output, lse: lse, gradients: gradients, seed: seed, few: few)
    let forward = try judge.forward()
    return backward ? forward.and(try judge.backward()) : forward
  }

  private func peers(
    _ report: Examination.Report, _ operands: [Subject.Operand?], _ timed: PreparedPlan,
    _ runner: BenchRunner
  ) throws(TesseraError) -> PeerSet {
    var result = PeerSet()
    let data = try data(report, operands, runner.device)
    if let peer, runner.dense { result.add("dense", contender("dense", peer, data, runner)) }
    for torch in TorchPeer.requests(attention, backward: backward) where runner.runs(torch.name) {
      result.add(torch.name, TorchPeer.contender(torch.name, torch.request, beside: runner.device))
    }
    for way in runner.peers ? ways : [] {
      result.add(way.name, contender(way.name, way.attention, data, runner))
    }
    if case .lists = attention,
      let preparation = try preparation(timed.plan, report.ranges, runner.device)
    {
      result.contenders.append(preparation)
    }
    return result
  }

  /// The examined memory as tensors.
  private func data(
    _ report: Examination.Report, _ operands: [Subject.Operand?], _ device: Device
  ) throws(TesseraError) -> AttentionData {
    let tensors = zip(report.ranges, operands).map { range, operand -> Tensor? in
      guard let range, let operand else { return nil }
      return Tensor(
        dtype: operand.dtype, shape: operand.shape, device: device, allocation: range.allocation,
        elementOffset: range.offset / operand.dtype.byteCount)
    }
    let (o, dO) = places(operands)
    guard let output = tensors[o], let lse = tensors[o + 1] else {
      throw .invalidArgument("o", got: "none", allowed: "a tensor")
    }
    let dOutput = backward ? [tensors[dO]].compactMap(\.self) : []
    return AttentionData(
      attention: attention,
      host: report.inputs.prefix(3).compactMap(\.self)
        + (backward ? [report.inputs[dO]].compactMap(\.self) : []),
      inputs: tensors.prefix(3).compactMap(\.self) + dOutput,
      indices: attention.indices == nil ? nil : tensors[3], o: output, lse: lse,
      gradients: backward ? tensors[(dO + 1)...(dO + 3)].compactMap(\.self) : [])
  }

  /// What of a plan is done for the lists alone, before any attention: their cost apart.
  private func preparation(
    _ plan: Plan, _ operands: [BufferRange?], _ device: Device
  ) throws(TesseraError) -> Contender? {
    var lists = plan
    lists.dispatches.removeAll { dispatch in
      !Self.listKernels.contains(plan.kernels[dispatch.kernel].name)
    }
    guard !lists.dispatches.isEmpty else { return nil }
    let prepared = try PlanExecutor.prepare(lists, on: device.context)
    return Contender(name: "lists", on: device) { () throws(TesseraError) in
      try PlanExecutor.execute(prepared, operands: operands, on: device.context)
    }
  }

  private static let listKernels: Set<String> = [
    "list_rows", "list_count", "list_prefix", "list_scan", "list_scatter", "list_chunks",
    "list_cpu_transpose",
  ]

  /// Readies and verifies another attention; a few rows of it, as it has rows of its own.
  private func contender(
    _ name: String, _ peer: BenchAttention, _ data: AttentionData, _ runner: BenchRunner
  ) -> Result<(Plan?, Contender), PeerAbsence> {
    let device = runner.device
    do throws(TesseraError) {
      let forward = try peer.prepare(backward: false, on: device)
      let timed = backward ? try peer.prepare(backward: true, on: device) : forward
      let own = try AttentionData(sharing: data, peer, on: device)
      let operands = try own.operands(backward: backward)
      let context = device.context
      if backward {
        try PlanExecutor.execute(
          forward, operands: try own.operands(backward: false), on: context)
      }
      try PlanExecutor.execute(timed, operands: operands, on: context)
      let judge = try AttentionJudge(own, seed: runner.seed, few: true)
      var verification = try judge.forward()
      if backward { verification = verification.and(try judge.backward()) }
      // A peer that is wrong is no peer: its time would be of something else.
      guard verification.passed else {
        return .failure(PeerAbsence(reason: "its result is wrong: \(verification.summary)"))
      }
      let contender = Contender(name: name, on: device) { () throws(TesseraError) in
        try PlanExecutor.execute(timed, operands: operands, on: context)
      }
      return .success((timed.plan, contender))
    } catch {
      return .failure(PeerAbsence(reason: error.message))
    }
  }
}
