import TesseraCore
import TesseraHAL

// Choices of the GPU path.
extension BlockListPlanner {
  /// What a workgroup's rows are.
  package enum Schedule: String, Sendable, Hashable, Codable, CaseIterable {
    /// The planner's choice.
    case auto
    /// Queries of one row; it walks the row's list.
    case query
    /// Queries of many rows that list the same block; results are joined.
    case kv
  }

  /// Most bytes of prepared lists at a time.
  static let mostListBytes = 40 << 20

  /// The schedule that a pass takes.
  static func tiling(
    _ pass: ListPass, _ problem: ListProblem, _ schedule: Schedule, _ capabilities: Capabilities
  ) throws(TesseraError) -> ListTiling {
    let query = try ListTiling.best(pass, problem, capabilities)
    guard !pass.rowsAreKeys, schedule != .query, problem.listed, problem.pages == nil,
      problem.listWidth > 0, problem.keyBlock < 1 << 13
    else { return query }
    let keys = try ListTiling.best(pass, problem, keyMajor: true, capabilities)
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
    _ problem: ListProblem, _ operands: ListOperands, listBytes: Int, _ capabilities: Capabilities
  ) throws(TesseraError) -> [ListSection] {
    var result: [ListSection] = []
    for bound in try boundRanges(problem, operands, capabilities) {
      let perEntry = max(1, listBytes * problem.listHeads)
      // Workgroups along z: parts × units × entries, with room for splits.
      let byGrid = capabilities.maxGroupCount[2] / max(1, 32 * problem.units)
      let together = max(1, min(bound.count, mostListBytes / perEntry, max(1, byGrid)))
      let perHead = listBytes * problem.listHeads / max(problem.kvHeads, 1)
      let heads =
        problem.listHeads < problem.kvHeads || perEntry <= mostListBytes
        ? problem.kvHeads : max(1, min(problem.kvHeads, mostListBytes / max(perHead, 1)))
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
