import TesseraCore
import TesseraHAL

extension BoxRecorder {
  /// Workgroups that share the column tiles of one row tile.
  func splits(_ grid: GridSize) -> Int {
    // What has to be cut for other reasons as well is large enough.
    for role in tiling.pass.roles {
      guard let tensor = operands[role], !tensor.shared else { continue }
      if tensor.bytes * problem.batch > capabilities.maxBindingRange { return 1 }
    }
    // A share is some tiles at least: joining costs as well.
    let together = tiling.hopper != nil ? 1 : capabilities.kind == .gpu ? 4 : 2
    return SplitWork(capabilities: capabilities).count(
      parallel: capabilities.computeUnits * together,
      groups: grid.count * problem.batch, most: min(most / 4, 64),
      partialBytes: tiling.pass.results.compactMap { partialBytes($0) },
      limit: capabilities.maxGroupCount[2] / max(1, grid.z * problem.batch))
  }

  /// Bytes of one split's share of a result in f32; nil if there is no such result.
  func partialBytes(_ role: BoxPass.Role) -> Int? { operands[role].map { 4 * $0.elements(problem.batch) } }

  /// Adds the dispatches that join the partial results.
  func join(
    _ partial: [BoxPass.Role: Plan.Source], _ splits: Int, to plan: inout Plan
  ) throws(TesseraError) {
    let work = SplitWork(capabilities: capabilities)
    if tiling.pass == .forward {
      guard let lse = operands[.lse], let partLSE = partial[.lse] else { return }
      return try work.joinForward(
        splits, rows: problem.batch * problem.queryTokens * problem.heads,
        valueDim: problem.valueDim, outputDType: problem.outputDType, parts: partial[.o] ?? .none,
        partLSE: partLSE, o: operands[.o]?.source ?? .none, lse: lse.source, to: &plan)
    }
    try work.joinGradients(
      splits, dtype: problem.dtype,
      tiling.pass.results.compactMap { role in
        guard let parts = partial[role], let whole = operands[role] else { return nil }
        return (parts, whole.source, whole.elements(problem.batch))
      }, to: &plan)
  }
}
