package import TesseraCore
package import TesseraHAL

/// How one pass over lists is cut into tiles.
package struct ListTiling: Sendable, Hashable {
  package var pass: ListPass
  /// Whether rows are many rows' that list one block.
  package var keyMajor: Bool
  /// The kernel's parameters; the boxes in it are not used.
  package var box: BoxTiling
  /// Estimated time, in multiply-adds of one device's lanes: to be compared with others only.
  package var cost: Double

  /// The kernel's name.
  package var kernel: String { box.hopper == nil ? pass.kernel : HopperAttentionKernels.lists }

  /// The tiling of least estimated cost.
  ///
  /// - Parameters:
  ///   - keyMajor: the schedule of a forward pass or of dQ; of no meaning to dK and dV.
  ///   - onTensorCores: whether only those of the tensor cores count, where there are some.
  /// - Throws: `overLimit` if none fits the device's local memory.
  package static func best(
    _ pass: ListPass, _ problem: ListProblem, keyMajor: Bool = false, _ capabilities: Capabilities,
    onTensorCores: Bool = false
  ) throws(TesseraError) -> ListTiling {
    var best: ListTiling?
    for box in tensorBoxes(pass, problem, capabilities) {
      var tiling = ListTiling(pass: pass, keyMajor: keyMajor, box: box, cost: 0)
      tiling.cost = tiling.estimate(problem, capabilities)
      if tiling.cost < best?.cost ?? .infinity { best = tiling }
    }
    if onTensorCores, let best { return best }
    var smallest = Int.max
    for form in forms(pass, capabilities) {
      guard form.workR * form.workC <= capabilities.maxWorkgroupInvocations,
        let box = BoxTiling.fitted(
          pass.box, form, headDim: problem.headDim, valueDim: problem.valueDim, capabilities,
          &smallest)
      else { continue }
      var tiling = ListTiling(pass: pass, keyMajor: keyMajor, box: box, cost: 0)
      tiling.cost = tiling.estimate(problem, capabilities)
      if tiling.cost < best?.cost ?? .infinity { best = tiling }
    }
    guard let best else {
      throw .overLimit(
        "local memory for head dimensions \(problem.headDim) and \(problem.valueDim)",
        requested: smallest, limit: capabilities.localMemoryBytes, device: capabilities.name)
    }
    return best
  }

  /// What the tensor cores can do of a pass: tiles of few columns as well, for short blocks.
  private static func tensorBoxes(
    _ pass: ListPass, _ problem: ListProblem, _ capabilities: Capabilities
  ) -> [BoxTiling] {
    let (headDim, valueDim) = (problem.headDim, problem.valueDim)
    guard
      HopperAttentionForm.violation(
        pass.box, headDim: headDim, valueDim: valueDim, problem.dtype, capabilities) == nil
    else { return [] }
    let forms = HopperAttentionForm.all(headDim: headDim, valueDim: valueDim, capabilities)
    return forms.flatMap { form in
      let narrow = HopperAttentionForm(warpgroups: form.warpgroups, tileC: 64, stages: form.stages)
      return form.tileC == 64 ? [form] : [form, narrow]
    }.map { BoxTiling(pass.box, $0, headDim: headDim, valueDim: valueDim) }
  }

  /// The shapes of attention over boxes, and flatter ones for rows of few queries.
  private static func forms(_ pass: ListPass, _ capabilities: Capabilities) -> [BoxTiling.Form] {
    let usual = BoxTiling.forms(pass.box, capabilities)
    guard let model = usual.first else { return [] }
    let flat: [(workR: Int, workC: Int, blockR: Int, blockC: Int)]
    if capabilities.kind == .gpu || capabilities.kind == .accelerator {
      flat = [
        (4, 16, 4, 4), (4, 32, 4, 4), (2, 32, 4, 4), (2, 32, 2, 4), (1, 64, 2, 4), (1, 64, 1, 4),
      ]
    } else if capabilities.backend == .openCL {
      flat = [(2, 1, 4, 16), (1, 1, 4, 16), (1, 1, 2, 16), (1, 1, 1, 16)]
    } else {
      flat = [(8, 1, 1, 8), (4, 2, 1, 8), (2, 4, 1, 8), (1, 8, 1, 8)]
    }
    return usual
      + flat.map {
        var form = model
        (form.workR, form.workC, form.blockR, form.blockC) = (
          $0.workR, $0.workC, $0.blockR, $0.blockC
        )
        return form
      }
  }

  /// Row tiles of one row, of one block, or, if rows are many rows', 1.
  func rowTiles(_ problem: ListProblem) -> Int {
    if keyMajor { return 1 }
    let rows = pass.rowsAreKeys ? problem.keyBlock : problem.perRow
    return max(1, (rows + box.tileR - 1) / box.tileR)
  }

  /// The most column tiles of one workgroup.
  func columnTiles(_ problem: ListProblem) -> Int {
    func tiles(_ columns: Int) -> Int { (columns + box.tileC - 1) / box.tileC }
    if keyMajor { return tiles(problem.keyBlock) }
    if pass.rowsAreKeys {
      let lists = problem.listed ? problem.group / max(problem.perUnit, 1) : 1
      return lists * tiles((problem.listed ? problem.listRows : problem.rows) * problem.perRow)
    }
    // The last block is counted whole, as the kernels do.
    return tiles((problem.listed ? problem.listWidth : problem.blocks) * problem.keyBlock)
  }

  private func estimate(_ problem: ListProblem, _ capabilities: Capabilities) -> Double {
    let batch = Double(problem.batch)
    let width = Double(problem.listWidth)
    var workgroups: Double
    // Column tiles of all workgroups, on average.
    var tiles: Double
    var joined = 0.0
    if pass.rowsAreKeys {
      workgroups = batch * Double(problem.kvHeads * problem.keyRows * rowTiles(problem))
      var columns = Double(problem.rows) * Double(problem.queryBlock * problem.group)
      if problem.listed {
        let entries = Double(problem.listRows) * width * Double(problem.unitsPerKVHead)
        columns = entries * Double(problem.perRow) / Double(max(problem.blocks, 1))
      }
      tiles = workgroups * max(1, (columns / Double(box.tileC)).rounded(.up))
    } else if keyMajor {
      let units = batch * Double(problem.units)
      let slots = units * Double(problem.listRows * problem.perRow) * width
      workgroups = units * Double(problem.blocks) + slots / Double(box.tileR)
      tiles = workgroups * Double(columnTiles(problem))
      // What is written to be joined, and read again.
      joined = slots * Double(16 * (pass == .forward ? problem.valueDim : problem.headDim) + 64)
    } else {
      workgroups = batch * Double(problem.units * problem.rows * rowTiles(problem))
      var columns = Double(columnTiles(problem))
      if !problem.listed, problem.causal { columns = max(1, columns / 2) }
      tiles = workgroups * columns
    }
    return tiles * box.costPerTile * box.idleness(workgroups, capabilities)
      * box.loneliness(capabilities)
      + workgroups * box.costPerRowTile + joined
  }
}
