import TesseraCore
import TesseraHAL

/// Turns attention of few queries to a paged cache into one dispatch that reads each key once, and one more
/// that joins what workgroups made of their shares of the keys.
struct DecodeRecorder {
  let problem: ListProblem
  let operands: ListOperands
  let form: DecodeForm
  let splits: Int
  private let rowTiles: Int

  /// - Parameter wanted: workgroups that share a sequence's keys; nil chooses.
  /// - Returns: nil if the kernel is not made for the problem or for the device: tiles do it then.
  init?(
    _ problem: ListProblem, _ operands: ListOperands, splits wanted: Int?,
    _ capabilities: Capabilities
  ) {
    guard let form = DecodeForm(problem, capabilities) else { return nil }
    // Kernels count elements, of which a byte may hold two.
    for (role, storage) in zip([ListPass.Role.k, .v], problem.storages) {
      guard storage.vector(of: operands[role]?.bytes ?? 0) <= Int(Int32.max) * storage.dtype.byteCount
      else { return nil }
    }
    self.problem = problem
    self.operands = operands
    self.form = form
    rowTiles = (problem.perRow + form.rows - 1) / form.rows
    let groups = problem.units * rowTiles
    guard groups <= capabilities.maxGroupCount[1], problem.batch <= capabilities.maxGroupCount[2]
    else { return nil }
    splits = form.splits(problem, groups: groups * problem.batch, wanted: wanted, capabilities)
    if let limit = capabilities.maxLoopIterations {
      let columns = problem.listed ? problem.listWidth * problem.keyBlock : problem.keys
      let tiles = ((columns + form.tile - 1) / form.tile + splits - 1) / splits
      let each = form.iterations(problem)
      let attempts = problem.unifiedMaximum == nil ? 1 : 2
      guard each.outside + attempts * tiles * each.tile <= limit - limit / 16 else { return nil }
    }
  }

  /// Adds the dispatches.
  ///
  /// - Parameter lists: the prepared lists of all sequences; nil if there are none.
  /// - Throws: `overLimit` if a buffer exceeds what the device binds.
  func record(
    to plan: inout Plan, _ lists: PreparedLists?, _ capabilities: Capabilities
  ) throws(TesseraError) {
    let kernel = plan.kernel(KernelSpec(form.kernel, parameters))
    let rows = problem.batch * problem.queries * problem.heads
    var o = argument(.o, problem)
    var lse = argument(.lse, problem)
    if splits > 1 {
      let partial = 4 * splits * rows
      o = .init(plan.addScratch(partial * problem.valueDim), byteCount: partial * problem.valueDim)
      lse = .init(plan.addScratch(partial), byteCount: partial)
    }
    var arguments: [Plan.Argument] = []
    let codes: [ListPass.Role] = form.tensor ? [] : [.keyParameters, .valueParameters]
    for role: ListPass.Role in [.q, .k, .v, .entries, .lengths, .table, .cuK, .sinks] + codes {
      let prepared: Plan.Argument? =
        switch role {
        case .entries: lists.map { .init($0.entries, byteCount: $0.entryBytes(problem)) }
        case .lengths: lists.map { .init($0.lengths, byteCount: $0.lengthBytes(problem)) }
        default: nil
        }
      arguments.append(prepared ?? argument(role, problem))
    }
    plan.dispatches.append(
      .init(
        kernel: kernel, grid: GridSize(splits, problem.units * rowTiles, problem.batch),
        constants: constants(rows), arguments: arguments + [o, lse]))
    plan.tile = [form.rows, form.tile]
    if form.tensor { plan.tier = TensorTier.mma.rawValue }
    plan.notes.append(
      "forward: \(form.rows) rows and \(form.tile) keys at a time, keys read once into registers"
        + (form.tensor ? ", products on tensor cores" : ""))
    if let unified = problem.unifiedMaximum, !form.tensor {
      plan.notes.append(
        "weights from \(unified.value); once more where a row's largest score is not within \(unified.reach) of it"
      )
    }
    guard splits > 1, let whole = operands[.o], let wholeLSE = operands[.lse] else { return }
    plan.notes.append("keys split over \(splits) workgroups each")
    try SplitWork(capabilities: capabilities).joinForward(
      splits, rows: rows, valueDim: problem.valueDim, outputDType: problem.outputDType,
      parts: o.source, partLSE: lse.source, o: whole.source, lse: wholeLSE.source, to: &plan)
  }

  private var parameters: [KernelSpec.Parameter] {
    var result: [KernelSpec.Parameter] = [
      .init("HEAD_DIM", problem.headDim), .init("VALUE_DIM", problem.valueDim),
      .init("ROWS", form.rows), .init("SOFT_CAP", problem.softCap == nil ? 0 : 1),
      .init("LISTED", problem.listed ? 1 : 0), .init("Q_DTYPE", problem.dtype.kernelCode),
      .init("O_DTYPE", splits > 1 ? 0 : problem.outputDType.kernelCode),
    ]
    if !form.tensor {
      result += [
        .init("KEYS", form.keys), .init("VALUES", form.values),
        .init("SEVERAL", problem.queries > 1 ? 1 : 0),
        .init("UNIFIED", problem.unifiedMaximum == nil ? 0 : 1),
      ]
      for (name, storage) in zip(["K", "V"], problem.storages) {
        result += [
          .init("\(name)_DTYPE", storage.kernelCode), .init("\(name)_CHANNELS", storage.channels),
          .init("\(name)_TOKENS", storage.tokens),
          .init("\(name)_PARAMETERS_DTYPE", storage.parameterDType.kernelCode),
        ]
      }
    }
    return result
  }

  private func argument(_ role: ListPass.Role, _ problem: ListProblem) -> Plan.Argument {
    guard let tensor = operands[role] else { return .init(.none, byteCount: 0) }
    return .init(tensor.source, byteCount: tensor.bytes * (tensor.shared ? 1 : problem.batch))
  }

  private func constants(_ rows: Int) -> [UInt8] {
    var block = ConstantBlock()
    for value in [
      problem.queries, problem.keys, problem.heads, problem.kvHeads, problem.units, rowTiles,
      problem.listHeads, problem.listWidth, problem.keyBlock, problem.pages?.size ?? 1,
      problem.pages?.tableWidth ?? 0, problem.pages?.count ?? 0, splits, rows,
      problem.sinks ? 1 : 0,
    ] { block.append(value) }
    block.append(problem.scale)
    block.append(problem.softCap ?? 0)
    block.append(problem.unifiedMaximum?.value ?? 0)
    block.append(problem.unifiedMaximum?.reach ?? 0)
    return block.bytes
  }
}
