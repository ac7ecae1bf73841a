import TesseraCore
import TesseraHAL

extension BoxTiling {
  /// Invocations and register blocks to choose from on one kind of device.
  struct Form {
    var workR: Int
    var workC: Int
    var blockR: Int
    var blockC: Int
    /// Most elements of a result per invocation.
    var most: Int
    var lanes: Int
    var width: Int
  }

  static func forms(_ pass: BoxPass, _ capabilities: Capabilities) -> [Form] {
    guard capabilities.kind != .gpu && capabilities.kind != .accelerator else {
      return [(16, 16), (16, 8), (8, 16), (8, 8), (4, 8)].map {
        Form(workR: $0, workC: $1, blockR: 4, blockC: 4, most: 16, lanes: 32, width: 4)
      }
    }
    // A work-item of a CPU driver is a loop iteration with vector code (PoCL), or a lane of one vector
    // of subgroup width (lavapipe): few of them, and none that only waits.
    let isOpenCL = capabilities.backend == .openCL
    let width = isOpenCL && capabilities.vectorWidth >= 8 ? 8 : 4
    guard isOpenCL else {
      // Small blocks: lavapipe takes half a minute to compile a gradient with the blocks that suit PoCL.
      return [Form(workR: 8, workC: 1, blockR: 2, blockC: 8, most: 16, lanes: 1, width: width)]
    }
    return [4, 16].map {
      Form(workR: $0, workC: 1, blockR: 4, blockC: 16, most: 128, lanes: 1, width: width)
    }
  }

  /// The tiling of least estimated cost.
  /// - Throws: `overLimit` if none fits the device's local memory.
  static func best(
    _ pass: BoxPass, _ problem: BoxProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> BoxTiling {
    var best: (tiling: BoxTiling, cost: Double)?
    var smallest = Int.max
    let longest = problem.axes.map { $0.longest(rowsAreKeys: pass.rowsAreKeys) }
    for form in forms(pass, capabilities) {
      guard form.workR * form.workC <= capabilities.maxWorkgroupInvocations,
        var tiling = fitted(
          pass, form, headDim: problem.headDim, valueDim: problem.valueDim, capabilities, &smallest)
      else { continue }
      let search = BoxColumns(problem.axes, tiling.tileC, rowsAreKeys: pass.rowsAreKeys)
      for box in boxes(tiling.tileR, longest) {
        tiling.rowTile = box
        let (columnTile, visited) = search.best(for: box)
        tiling.columnTile = columnTile
        let rowTiles = zip(longest, box).reduce(1.0) { $0 * Double(($1.0 + $1.1 - 1) / $1.1) }
        let extra =
          pass.rowsAreKeys ? 0 : (problem.extraKeys + tiling.tileC - 1) / tiling.tileC
        // Of all dilation groups together.
        let tiles = visited / Double(problem.groups) + rowTiles * Double(extra)
        let workgroups =
          rowTiles * Double(problem.batch * problem.groups)
          * Double(pass.rowsAreKeys ? problem.kvHeads : problem.heads)
        let cost =
          tiles * tiling.costPerTile * tiling.idleness(workgroups, capabilities)
          + rowTiles * tiling.costPerRowTile
        if cost < best?.cost ?? .infinity { best = (tiling, cost) }
      }
    }
    guard let best else {
      throw .overLimit(
        "local memory for head dimensions \(problem.headDim) and \(problem.valueDim)",
        requested: smallest, limit: capabilities.localMemoryBytes, device: capabilities.name)
    }
    return best.tiling
  }

  /// How much longer a device takes that has fewer workgroups than it can run at once.
  func idleness(_ workgroups: Double, _ capabilities: Capabilities) -> Double {
    let together = Double(max(capabilities.computeUnits, 1)) * Double(256 / min(threads, 256))
    return capabilities.kind == .gpu ? max(1, together / max(workgroups, 1)) : 1
  }

  /// Relative time of one pair of a row tile and a column tile, in multiply-adds: the products, the
  /// exponentials, staging, and what a workgroup waits at barriers.
  var costPerTile: Double {
    let pairs = Double(tileR * tileC)
    let columns = Double(productsPerPair)
    let staged = Double(tileC) + (resident ? 0 : Double(tileR) / 2)
    return pairs * columns + pairs * 12 * Double(parts) + staged * columns * (lanes == 1 ? 4 : 8)
      + Double(40 * threads * parts)
  }
  /// The same of what is done once per row tile.
  var costPerRowTile: Double {
    Double(tileR * parts) * Double(4 * (headDim + valueDim) + 200)
  }

  /// The largest staging steps with which `form` fits the device's local memory; nil if none does.
  static func fitted(
    _ pass: BoxPass, _ form: Form, headDim: Int, valueDim: Int, _ capabilities: Capabilities,
    _ smallest: inout Int
  ) -> BoxTiling? {
    func block(_ elements: Int) -> Int {
      let each = max(1, (elements + form.workC - 1) / form.workC)
      return min((each + form.width - 1) / form.width * form.width, form.most)
    }
    let longest = max(4, (max(headDim, valueDim) + 3) / 4 * 4)
    let tileC = form.workC * form.blockC
    let grain = headDim % 4 == 0 && valueDim % 4 == 0 ? 4 : 1
    var tiling = BoxTiling(
      pass: pass, workR: form.workR, workC: form.workC, blockR: form.blockR, blockC: form.blockC,
      blockV: block(valueDim), blockD: block(headDim), stepD: 4, stepC: tileC,
      resident: true, lanes: 1, width: form.width, grain: grain, headDim: headDim,
      valueDim: valueDim)
    // A GPU hides latency by several workgroups at once.
    let room =
      capabilities.kind == .gpu
      ? min(capabilities.localMemoryBytes, 64 << 10) : capabilities.localMemoryBytes
    // Short steps cost more than staging the rows again for every tile.
    let steps = form.lanes == 1 ? [64, 32, 16] : [32, 16]
    for (resident, steps) in [(true, steps), (false, steps), (true, [8, 4]), (false, [8, 4])] {
      for step in steps where step / 2 < longest {
        tiling.stepD = min(step, longest)
        tiling.lanes = min(form.lanes, max(1, tiling.stepD / grain))
        while tiling.threads % tiling.lanes != 0 { tiling.lanes -= 1 }
        tiling.resident = resident
        // Staging values should not ask for more room than staging keys, or little more.
        for divisor in [1, 2, 4, 8] where tileC % (4 * divisor) == 0 {
          tiling.stepC = tileC / divisor
          smallest = min(smallest, tiling.localBytes)
          if tiling.localBytes <= room { return tiling }
        }
      }
    }
    return nil
  }

  /// All boxes of `count` (a power of two) rows with power-of-two sides, without those that are longer
  /// than needed on an axis while another is short.
  private static func boxes(_ count: Int, _ longest: [Int]) -> [[Int]] {
    var result: [[Int]] = []
    var t0 = 1
    while t0 <= count {
      var t1 = 1
      while t0 * t1 <= count {
        let tile = [t0, t1, count / (t0 * t1)]
        if zip(tile, longest).allSatisfy({ $0 == 1 || $0 < 2 * $1 }) { result.append(tile) }
        t1 *= 2
      }
      t0 *= 2
    }
    // A problem of fewer rows than a tile has places.
    return result.isEmpty ? [[1, 1, count]] : result
  }
}
