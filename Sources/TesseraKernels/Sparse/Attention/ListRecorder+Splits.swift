import TesseraCore
import TesseraHAL

/// Few row tiles leave a device idle: then several workgroups share the column tiles of each, and their
/// results are joined in a second step, in a fixed order.
extension ListRecorder {
  /// Most bytes of partial results.
  static let mostBytes = 32 << 20

  /// Workgroups that share the column tiles of one row tile; at most `wanted` if that is given.
  func splits(_ grid: GridSize, wanted: Int?) -> Int {
    let most = tiling.columnTiles(problem)
    let parallel = Double(capabilities.computeUnits * (capabilities.kind == .gpu ? 4 : 2))
    // A share is some tiles at least: joining costs as well.
    var splits =
      wanted.map { min($0, max(most, 1)) }
      ?? min(Int(parallel / Double(max(grid.count, 1))), most / 4, 64)
    let room = min(Self.mostBytes, capabilities.maxBindingRange)
    for role in tiling.pass.results {
      if let bytes = partialBytes(role), bytes > 0 { splits = min(splits, room / bytes) }
    }
    return max(1, min(splits, capabilities.maxGroupCount[2] / max(1, grid.z)))
  }

  /// Bytes of one split's share of a result in f32; nil if there is no such result.
  func partialBytes(_ role: ListPass.Role) -> Int? {
    guard let tensor = operands[role] else { return nil }
    return tensor.bytes / tensor.elementBytes * 4 * problem.batch
  }

  /// Adds the dispatches that join the partial results.
  func join(
    _ partial: [ListPass.Role: Plan.Source], _ splits: Int, to plan: inout Plan
  ) throws(TesseraError) {
    guard splits > 1 else { return }
    if tiling.pass == .forward {
      guard let lse = operands[.lse], let partLSE = partial[.lse] else { return }
      try MergePlanner.append(
        to: &plan,
        MergeProblem(
          parts: splits, rows: problem.batch * problem.queries * problem.heads,
          valueDim: problem.valueDim, dtype: .f32, outputDType: problem.outputDType),
        parts: partial[.o] ?? .none, partLSE: partLSE, o: operands[.o]?.source ?? .none,
        lse: lse.source, capabilities)
      return
    }
    for role in tiling.pass.results {
      guard let source = partial[role], let tensor = operands[role] else { continue }
      try SumPlanner.append(
        to: &plan, parts: splits, count: tensor.bytes / tensor.elementBytes * problem.batch,
        dtype: problem.dtype, from: source, to: .init(tensor.source, byteCount: 0), capabilities)
    }
  }
}
