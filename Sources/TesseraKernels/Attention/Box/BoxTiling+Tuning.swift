package import TesseraCore
package import TesseraHAL

extension BoxTiling {
  /// The tiling's name in the tuning database.
  package var form: String {
    func extents(_ box: [Int]) -> String { box.map(String.init).joined(separator: "x") }
    let boxes = " rows=\(extents(rowTile)) columns=\(extents(columnTile))"
    if let hopper { return FormName.text(TensorTier.hopper.rawValue, hopper.parameters) + boxes }
    let parameters: [KernelSpec.Parameter] = [
      .init("WORK_R", workR), .init("WORK_C", workC), .init("BLOCK_R", blockR),
      .init("BLOCK_C", blockC), .init("BLOCK_V", blockV), .init("BLOCK_D", blockD),
      .init("STEP_D", stepD), .init("STEP_C", stepC), .init("RESIDENT", resident ? 1 : 0),
      .init("LANES", lanes), .init("WIDTH", width),
    ]
    return FormName.text("box", parameters) + boxes
  }

  /// The tiling that measurements say is fastest for a forward pass; nil where they say nothing.
  static func measured(
    _ key: TuningKey, _ problem: BoxProblem, _ capabilities: Capabilities,
    _ database: TuningDatabase
  ) -> (tiling: BoxTiling, match: TuningMatch)? {
    guard !database.entries.isEmpty, capabilities.backend != .cpu else { return nil }
    let tilings = candidates(.forward, problem, capabilities)
    guard
      let match = database.match(
        key, on: TuningDevice(capabilities), forms: tilings.map(\.form)),
      let tiling = tilings.first(where: { $0.form == match.form })
    else { return nil }
    return (tiling, match)
  }
}

extension BoxTiling {
  /// The plan that measurements say is fastest, or else the one that is expected to be.
  fileprivate static func plan(
    _ key: TuningKey, _ problem: BoxProblem, _ capabilities: Capabilities, _ database: TuningDatabase,
    _ make: (BoxTiling?) throws(TesseraError) -> Plan
  ) throws(TesseraError) -> Plan {
    let some = problem.batch > 0 && problem.queryTokens > 0 && problem.heads > 0
    let found = some ? measured(key, problem, capabilities, database) : nil
    var plan = try make(found?.tiling)
    if let found { plan.notes.append("form \(found.match.origin)") }
    return plan
  }

  /// Plans worth measuring, the one expected to be fastest first.
  fileprivate static func plans(
    _ problem: BoxProblem, _ capabilities: Capabilities,
    _ make: (BoxTiling?) throws(TesseraError) -> Plan
  ) throws(TesseraError) -> [Plan] {
    guard capabilities.backend != .cpu else { return [try make(nil)] }
    return try plans(candidates(.forward, problem, capabilities), make)
  }

  /// A plan of each tiling.
  static func plans(
    _ tilings: [BoxTiling], _ make: (BoxTiling?) throws(TesseraError) -> Plan
  ) throws(TesseraError) -> [Plan] {
    var plans: [Plan] = []
    for tiling in tilings { plans.append(try make(tiling)) }
    return plans
  }
}

extension AttentionPlanner {
  /// The plan that measurements say is fastest, or else the one that is expected to be.
  /// - Throws: as `plan`.
  package static func plan(
    _ problem: AttentionProblem, _ capabilities: Capabilities, measured database: TuningDatabase
  ) throws(TesseraError) -> Plan {
    try problem.validate()
    return try BoxTiling.plan(TuningKey(problem), BoxProblem(problem), capabilities, database) {
      tiling throws(TesseraError) in try plan(problem, capabilities, tiling: tiling)
    }
  }

  /// Plans worth measuring, the one expected to be fastest first.
  /// - Throws: as `plan`.
  package static func candidates(
    _ problem: AttentionProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> [Plan] {
    try problem.validate()
    return try BoxTiling.plans(BoxProblem(problem), capabilities) { tiling throws(TesseraError) in
      try plan(problem, capabilities, tiling: tiling)
    }
  }
}

extension NeighborhoodPlanner {
  /// The plan that measurements say is fastest, or else the one that is expected to be.
  /// - Throws: as `plan`.
  package static func plan(
    _ problem: NeighborhoodProblem, _ capabilities: Capabilities, measured database: TuningDatabase
  ) throws(TesseraError) -> Plan {
    try problem.validate()
    return try BoxTiling.plan(TuningKey(problem), BoxProblem(problem), capabilities, database) {
      tiling throws(TesseraError) in try plan(problem, capabilities, tiling: tiling)
    }
  }

  /// Plans worth measuring, the one expected to be fastest first.
  /// - Throws: as `plan`.
  package static func candidates(
    _ problem: NeighborhoodProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> [Plan] {
    try problem.validate()
    return try BoxTiling.plans(BoxProblem(problem), capabilities) { tiling throws(TesseraError) in
      try plan(problem, capabilities, tiling: tiling)
    }
  }
}

extension TuningKey {
  /// Extents are batch, heads, KV heads, queries and keys.
  package init(_ problem: AttentionProblem) {
    var words = [
      "\(problem.dtype) > \(problem.outputDType)", "D\(problem.headDim)/\(problem.valueDim)",
    ]
    if problem.causal { words.append("causal") }
    if problem.causal, problem.alignment == .topLeft { words.append("top-left") }
    if problem.windowLeft != nil || problem.windowRight != nil {
      let sides = [problem.windowLeft, problem.windowRight].map { $0.map(String.init) ?? "none" }
      words.append("window \(sides.joined(separator: ","))")
    }
    if problem.softCap != nil { words.append("soft-cap") }
    if problem.alibi { words.append("alibi") }
    if problem.packed { words.append("packed") }
    self.init(
      operation: "attention", variant: words.joined(separator: " "),
      extents: [
        problem.batch, problem.heads, problem.kvHeads, problem.queryLength, problem.keyLength,
      ])
  }

  /// Extents are batch, heads, KV heads, additional keys, and per axis length, window, stride and
  /// dilation.
  package init(_ problem: NeighborhoodProblem) {
    let causal = problem.axes.map { $0.causal ? "1" : "0" }.joined()
    var words = [
      "\(problem.dtype) > \(problem.outputDType)", "D\(problem.headDim)/\(problem.valueDim)",
      "\(problem.axes.count)-D", "causal \(causal)",
    ]
    if problem.extensions != nil { words.append("extended") }
    self.init(
      operation: "na", variant: words.joined(separator: " "),
      extents: [problem.batch, problem.heads, problem.kvHeads, problem.extraKeys]
        + problem.axes.flatMap { [$0.length, $0.window, $0.stride, $0.dilation] })
  }
}
