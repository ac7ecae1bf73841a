package import TesseraCore
package import TesseraHAL

/// Plans attention over lists of key blocks with the portable kernels of `Shaders/Sparse`, for OpenCL and
/// Vulkan.
package enum ListPlanner {
  /// Plans the forward pass of block lists. Operands: `Plan.BlockListOperand`.
  /// - Parameter onTensorCores: whether the tensor cores take it wherever they can.
  package static func forward(
    _ problem: BlockListProblem, _ schedule: BlockListSchedule, _ memory: ListMemory,
    _ capabilities: Capabilities, onTensorCores: Bool = false
  ) throws(TesseraError) -> Plan {
    var plan = Plan(operation: "sparse-attention", schedule: "query-major", tile: [])
    guard problem.attention.queryTokens > 0, problem.attention.heads > 0 else { return plan }
    let lists = ListProblem(problem, width: problem.rowCapacity)
    let operands = try ListOperands(problem.attention, sources(problem, [.q, .k, .v, .o, .lse]))
    let tiling = try tiling(.forward, lists, schedule, capabilities, onTensorCores: onTensorCores)
    var recorder = try ListRecorder(lists, operands, tiling, memory, capabilities)
    if tiling.keyMajor { plan.schedule = "key-major" }
    plan.tile = [tiling.box.tileR, tiling.box.tileC]
    try each(problem, lists, operands, transposed: tiling.keyMajor, &plan, memory, capabilities) {
      (plan: inout Plan, section: ListSection, prepared: PreparedLists?, whole: Bool)
        throws(TesseraError) in
      try recorder.record(to: &plan, section, prepared, whole: whole)
    }
    plan.finishLists(lists, backward: false)
    return plan
  }

  /// Plans the gradients of block lists. Operands: `Plan.BlockListOperand`.
  package static func backward(
    _ problem: BlockListProblem, _ schedule: BlockListSchedule, _ memory: ListMemory,
    _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    var plan = Plan(operation: "sparse-attention-backward", schedule: "query-major", tile: [])
    let attention = problem.attention
    guard attention.heads > 0 else { return plan }
    let lists = ListProblem(problem, width: problem.rowCapacity)
    var places = sources(problem, [.q, .k, .v, .lse, .dO, .dQ, .dK, .dV])
    let delta = plan.addScratch(4 * attention.queryTokens * attention.heads)
    places[.delta] = delta
    let operands = try ListOperands(attention, places)
    try self.delta(problem, delta, to: &plan, capabilities)
    guard attention.queryTokens + attention.keyTokens > 0 else { return plan }
    let tiling = try tiling(.queryGradient, lists, schedule, capabilities)
    var queries = try ListRecorder(lists, operands, tiling, memory, capabilities)
    var keys = try ListRecorder(
      lists, operands, try ListTiling.best(.keyGradient, lists, capabilities), memory, capabilities)
    if tiling.keyMajor { plan.schedule = "key-major" }
    plan.tile = [tiling.box.tileR, tiling.box.tileC]
    try each(problem, lists, operands, transposed: true, &plan, memory, capabilities) {
      (plan: inout Plan, section: ListSection, prepared: PreparedLists?, whole: Bool)
        throws(TesseraError) in
      if attention.queryTokens > 0 {
        try queries.record(to: &plan, section, prepared, whole: whole)
      }
      if attention.keyTokens > 0 { try keys.record(to: &plan, section, prepared, whole: whole) }
    }
    plan.finishLists(lists, backward: true)
    return plan
  }

  /// Where the tensors are among the operands of a plan for `problem`.
  private static func sources(
    _ problem: BlockListProblem, _ roles: [ListPass.Role]
  ) -> [ListPass.Role: Plan.Source] {
    let places: [ListPass.Role: Plan.BlockListOperand] = [
      .q: .q, .k: .k, .v: .v, .cuQ: .cuQ, .cuK: .cuK, .sinks: .sinks, .o: .o, .lse: .lse, .dO: .dO,
      .dQ: .dQ, .dK: .dK, .dV: .dV,
    ]
    var all = roles
    if problem.attention.packed { all += [.cuQ, .cuK] }
    if problem.sinks { all.append(.sinks) }
    var result: [ListPass.Role: Plan.Source] = [:]
    for role in all { result[role] = places[role].map { .operand($0.rawValue) } }
    return result
  }

  /// Prepares lists section by section and lets `body` use them.
  private static func each(
    _ problem: BlockListProblem, _ lists: ListProblem, _ operands: ListOperands, transposed: Bool,
    _ plan: inout Plan, _ memory: ListMemory, _ capabilities: Capabilities,
    _ body: (inout Plan, ListSection, PreparedLists?, Bool) throws(TesseraError) -> Void
  ) throws(TesseraError) {
    // Entries, lengths; transposed ones, their offsets, and as much again to count with.
    var words = problem.listRows * (lists.listWidth + 2)
    if transposed { words += 2 * problem.listRows * lists.listWidth + 4 * problem.keyBlocks }
    let sections = try sections(lists, operands, listBytes: 4 * words, memory, capabilities)
    let most = sections.map { $0.lists(lists).count }.max() ?? 0
    var preparation: ListPreparation?
    if most > 0, problem.listRows > 0, lists.listWidth > 0, lists.blocks > 0 {
      preparation = try ListPreparation(
        problem, lists: most, transposed: transposed, in: &plan, capabilities)
    }
    var made: Range<Int>?
    for section in sections {
      var prepared: PreparedLists?
      if let preparation {
        let range = section.lists(lists)
        if made != range { try preparation.append(range, .attention, to: &plan, capabilities) }
        made = range
        prepared = PreparedLists(
          entries: preparation.entries, lengths: preparation.lengths,
          offsets: preparation.transposed?.offsets, rows: preparation.transposed?.rows,
          first: range.lowerBound, count: range.count)
      }
      try body(&plan, section, prepared, sections.count == 1)
    }
    if sections.count > 1 {
      plan.notes.append("in \(sections.count) sections, for the lists' memory or the binding range")
    }
  }

  /// Adds δ of all rows, and from it the gradient of the sinks.
  private static func delta(
    _ problem: BlockListProblem, _ delta: Plan.Source, to plan: inout Plan,
    _ capabilities: Capabilities
  ) throws(TesseraError) {
    let attention = problem.attention
    let rows = attention.queryTokens * attention.heads
    func operand(_ operand: Plan.BlockListOperand, _ bytes: Int) -> Plan.Argument {
      Plan.Argument(.operand(operand.rawValue), byteCount: bytes)
    }
    try DeltaPlanner.append(
      to: &plan, rows: rows, valueDim: attention.valueDim, dtype: attention.outputDType,
      o: operand(.o, 0), dO: operand(.dO, 0), delta: Plan.Argument(delta, byteCount: 0),
      capabilities)
    guard problem.sinks else { return }
    // Each invocation takes every 64th query, as many in one dispatch as a driver's loops allow.
    let most = capabilities.maxLoopIterations.map { ($0 / 2) * 64 } ?? Int.max
    let kernel = plan.kernel(KernelSpec(ListAttentionKernels.sinkGradient))
    let x = min(attention.heads, capabilities.maxGroupCount[0])
    let tokens = attention.queryTokens
    try Plan.checkBindings("gradient of sinks", [("lse", rows, .f32)], capabilities)
    for first in stride(from: 0, to: max(tokens, 1), by: most) {
      var constants = ConstantBlock()
      for value in [tokens, attention.heads, first, min(tokens, first + most)] {
        constants.append(value)
      }
      let lse = tokens == 0 ? Plan.Argument(.none, byteCount: 0) : operand(.lse, 4 * rows)
      plan.dispatches.append(
        .init(
          kernel: kernel, grid: GridSize(x, (attention.heads + x - 1) / x),
          constants: constants.bytes,
          arguments: [
            operand(.sinks, 4 * attention.heads), lse,
            tokens == 0 ? lse : Plan.Argument(delta, byteCount: 4 * rows),
            operand(.dSinks, 4 * attention.heads),
          ]))
    }
  }

  /// The schedule that a pass takes.
  static func tiling(
    _ pass: ListPass, _ problem: ListProblem, _ schedule: BlockListSchedule,
    _ capabilities: Capabilities, onTensorCores: Bool = false
  ) throws(TesseraError) -> ListTiling {
    let query = try ListTiling.best(pass, problem, capabilities, onTensorCores: onTensorCores)
    guard !pass.rowsAreKeys, schedule != .query, problem.listed, problem.pages == nil,
      problem.listWidth > 0, problem.keyBlock < 1 << 13
    else { return query }
    let keys = try ListTiling.best(
      pass, problem, keyMajor: true, capabilities, onTensorCores: onTensorCores)
    if schedule == .kv { return keys }
    // What the loop limit of a driver would cut is not worth it.
    if let limit = capabilities.maxLoopIterations,
      keys.columnTiles(problem) * (keys.box.iterationsPerTile + 1) > limit / 2
        || 2 * problem.listWidth > limit / 2
    {
      return query
    }
    return keys.cost < query.cost ? keys : query
  }

  /// Parts of a problem that are computed one after another: so that every range can be bound and
  /// counted, and lists need no more than their share of scratch.
  ///
  /// - Parameter listBytes: bytes of one prepared list.
  static func sections(
    _ problem: ListProblem, _ operands: ListOperands, listBytes: Int, _ memory: ListMemory,
    _ capabilities: Capabilities
  ) throws(TesseraError) -> [ListSection] {
    var result: [ListSection] = []
    for bound in try boundRanges(problem, operands, capabilities) {
      let perEntry = max(1, listBytes * problem.listHeads)
      // Workgroups along z: parts × units × entries, with room for splits.
      let byGrid = capabilities.maxGroupCount[2] / max(1, 32 * problem.units)
      let together = max(1, min(bound.count, memory.lists / perEntry, max(1, byGrid)))
      let perHead = listBytes * problem.listHeads / max(problem.kvHeads, 1)
      let heads =
        problem.listHeads < problem.kvHeads || perEntry <= memory.lists
        ? problem.kvHeads : max(1, min(problem.kvHeads, memory.lists / max(perHead, 1)))
      for b in stride(from: bound.lowerBound, to: bound.upperBound, by: together) {
        for h in stride(from: 0, to: problem.kvHeads, by: heads) {
          result.append(
            ListSection(
              bound: bound, batches: b..<min(b + together, bound.upperBound),
              kvHeads: h..<min(h + heads, problem.kvHeads)))
        }
      }
    }
    return result
  }

  private static func boundRanges(
    _ problem: ListProblem, _ operands: ListOperands, _ capabilities: Capabilities
  ) throws(TesseraError) -> [Range<Int>] {
    var tensors: [(name: String, bytes: Int, elementBytes: Int)] = []
    for role in ListPass.Role.allCases {
      guard let tensor = operands[role] else { continue }
      let limit = min(capabilities.maxBindingRange, Int(Int32.max) * tensor.elementBytes)
      if tensor.shared, tensor.bytes > limit {
        throw .overLimit(
          "bytes of \(role)", requested: tensor.bytes, limit: limit, device: capabilities.name)
      }
      if !tensor.shared { tensors.append((role.rawValue, tensor.bytes, tensor.elementBytes)) }
    }
    var most = problem.batch
    var step = 1
    var widest = tensors.first
    for tensor in tensors {
      if tensor.bytes > widest?.bytes ?? 0 { widest = tensor }
      most = min(
        most,
        min(capabilities.maxBindingRange, Int(Int32.max) * tensor.elementBytes) / tensor.bytes)
      let whole = leastCommonMultiple(tensor.bytes, max(capabilities.bindingAlignment, 4))
      step = leastCommonMultiple(step, whole / tensor.bytes)
    }
    if most >= problem.batch { return problem.batch > 0 ? [0..<problem.batch] : [] }
    let part = problem.pages == nil ? most / step * step : 0
    guard part > 0 else {
      throw .overLimit(
        "bytes of \(widest?.name ?? "q") for \(step) batch entries",
        requested: step * (widest?.bytes ?? 0), limit: capabilities.maxBindingRange,
        device: capabilities.name)
    }
    return stride(from: 0, to: problem.batch, by: part).map { $0..<min($0 + part, problem.batch) }
  }

  private static func leastCommonMultiple(_ a: Int, _ b: Int) -> Int {
    var (x, y) = (a, b)
    while y != 0 { (x, y) = (y, x % y) }
    return a / x * b
  }
}
