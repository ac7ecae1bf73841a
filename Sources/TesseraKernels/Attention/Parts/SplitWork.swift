import TesseraCore
import TesseraHAL

/// Few row tiles leave a device idle: then several workgroups share the columns of each, and what they make
/// is joined in a second step, in a fixed order.
struct SplitWork {
  /// Most bytes of partial results.
  static let mostBytes = 32 << 20

  let capabilities: Capabilities

  /// How many workgroups share the columns of one row tile.
  ///
  /// - Parameters:
  ///   - parallel: workgroups that keep the device busy.
  ///   - groups: row tiles there are.
  ///   - most: shares there can be at most, so that each is worth joining.
  ///   - partialBytes: what one share writes of each result.
  ///   - limit: what the grid allows.
  func count(parallel: Int, groups: Int, most: Int, partialBytes: [Int], limit: Int) -> Int {
    var splits = min(parallel / max(groups, 1), most)
    let room = min(Self.mostBytes, capabilities.maxBindingRange)
    for bytes in partialBytes where bytes > 0 { splits = min(splits, room / bytes) }
    return max(1, min(splits, limit))
  }

  /// Adds the dispatch that joins `splits` parts of O and LSE, in f32, of a forward pass.
  ///
  /// - Parameter rows: vectors of O.
  func joinForward(
    _ splits: Int, rows: Int, valueDim: Int, outputDType: DType, parts: Plan.Source,
    partLSE: Plan.Source, o: Plan.Source, lse: Plan.Source, to plan: inout Plan
  ) throws(TesseraError) {
    guard splits > 1 else { return }
    try MergePlanner.append(
      to: &plan,
      MergeProblem(
        parts: splits, rows: rows, valueDim: valueDim, dtype: .f32, outputDType: outputDType),
      parts: parts, partLSE: partLSE, o: o, lse: lse, capabilities)
  }

  /// Adds the dispatches that add up `splits` parts of gradients, in f32.
  ///
  /// - Parameter results: the parts, the gradient's place, and its elements.
  func joinGradients(
    _ splits: Int, dtype: DType, _ results: [(parts: Plan.Source, whole: Plan.Source, count: Int)],
    to plan: inout Plan
  ) throws(TesseraError) {
    guard splits > 1 else { return }
    for result in results {
      try SumPlanner.append(
        to: &plan, parts: splits, count: result.count, dtype: dtype, from: result.parts,
        to: .init(result.whole, byteCount: 0), capabilities)
    }
  }
}
