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
      let blocks = [(8, 16, 8), (16, 16, 4), (16, 8, 4), (8, 16, 4), (8, 8, 4), (4, 8, 4)]
      return blocks.map {
        Form(workR: $0, workC: $1, blockR: $2, blockC: 4, most: 16, lanes: 32, width: 4)
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
    let smallest = each(pass, problem, capabilities) { tiling, cost in
      if cost < best?.cost ?? .infinity { best = (tiling, cost) }
    }
    guard let best else {
      throw .overLimit(
        "local memory for head dimensions \(problem.headDim) and \(problem.valueDim)",
        requested: smallest, limit: capabilities.localMemoryBytes, device: capabilities.name)
    }
    return best.tiling
  }

  /// Tilings worth measuring, the one of least estimated cost first: a few boxes of every form, none
  /// that is expected to take three times as long as the best.
  static func candidates(
    _ pass: BoxPass, _ problem: BoxProblem, _ capabilities: Capabilities
  ) -> [BoxTiling] {
    var all: [(tiling: BoxTiling, cost: Double)] = []
    _ = each(pass, problem, capabilities) { all.append(($0, $1)) }
    // Equal costs keep the order in which they were found: `best` takes the first, too.
    let ranked = all.enumerated().sorted {
      ($0.element.cost, $0.offset) < ($1.element.cost, $1.offset)
    }.map(\.element)
    guard let least = ranked.first?.cost else { return [] }
    var boxes: [[Int]: Int] = [:]
    return ranked.filter { entry in
      let tiling = entry.tiling
      boxes[[tiling.workR, tiling.workC, tiling.blockR], default: 0] += 1
      return entry.cost <= 3 * least
        && boxes[[tiling.workR, tiling.workC, tiling.blockR], default: 0] <= boxesPerForm
    }.prefix(candidateLimit).map(\.tiling)
  }
  private static let (boxesPerForm, candidateLimit) = (4, 24)

  /// Tells `body` of every tiling that fits and of its estimated cost.
  /// - Returns: bytes of local memory that the smallest of all needs.
  static func each(
    _ pass: BoxPass, _ problem: BoxProblem, _ capabilities: Capabilities,
    _ body: (BoxTiling, Double) -> Void
  ) -> Int {
    var smallest = Int.max
    let longest = problem.axes.map { $0.longest(rowsAreKeys: pass.rowsAreKeys) }
    var tilings: [BoxTiling] = []
    for form in forms(pass, capabilities)
    where form.workR * form.workC <= capabilities.maxWorkgroupInvocations {
      if let tiling = fitted(
        pass, form, headDim: problem.headDim, valueDim: problem.valueDim, capabilities, &smallest)
      {
        tilings.append(tiling)
      }
    }
    for var tiling in tilings + onTensorCores(pass, problem, capabilities) {
      let boxCopies = tiling.hopper?.boxCopies == true
      let search = BoxColumns(
        problem.axes, tiling.tileC, rowsAreKeys: pass.rowsAreKeys, exactly: boxCopies)
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
          * tiling.loneliness(capabilities)
          + rowTiles * tiling.costPerRowTile
        body(tiling, cost)
      }
    }
    return smallest
  }

  /// How much longer a device takes that has fewer workgroups than it can run at once.
  func idleness(_ workgroups: Double, _ capabilities: Capabilities) -> Double {
    if let hopper {
      // The last wave may leave most compute units idle.
      let units = Double(max(capabilities.computeUnits, 1) * hopper.together(headDim, valueDim))
      return (workgroups / units).rounded(.up) * units / max(workgroups, 1)
    }
    let together = Double(max(capabilities.computeUnits, 1)) * Double(256 / min(threads, 256))
    return capabilities.kind == .gpu ? max(1, together / max(workgroups, 1)) : 1
  }

  /// How much longer a GPU takes whose compute units hold too few invocations to hide latency. Drivers
  /// may report less local memory than a compute unit has; few have less than 96 KiB.
  func loneliness(_ capabilities: Capabilities) -> Double {
    guard capabilities.kind == .gpu else { return 1 }
    let room = max(capabilities.localMemoryBytes, 96 << 10)
    let together = max(room / max(localBytes, 1), 1) * threads
    return (256 / Double(min(together, 256))).squareRoot()
  }

  /// Relative time of one pair of a row tile and a column tile, in multiply-adds: the products, the
  /// exponentials, staging, and what a workgroup waits at barriers.
  var costPerTile: Double {
    let pairs = Double(tileR * tileC)
    let columns = Double(productsPerPair)
    if let hopper { return hopper.costPerTile(pairs: pairs, products: columns) }
    let staged = Double(tileC) + (resident ? 0 : Double(tileR) / 2)
    // A GPU's workgroup waits for memory whenever it has staged something.
    let waits = lanes == 1 ? 40 : 130 * stages
    return pairs * columns * strain + pairs * 12 * Double(parts)
      + staged * columns * (lanes == 1 ? 4 : 8) + Double(waits * threads * parts)
  }
  /// How often a workgroup stages something for one column tile.
  private var stages: Int {
    let (keys, values, results) = (paddedHeadDim / stepD, paddedValueDim / stepD, tileC / stepC)
    switch pass {
    case .forward: return keys + results
    case .queryGradient: return keys + values + results
    case .keyGradient: return keys + values + 2 * results
    }
  }
  /// How much longer a GPU takes for a product than at best; 1 for blocks of 4 × 4 in 128 invocations.
  /// Fitted to a sweep over forms on an H200: local memory is read once per row and column of a block,
  /// large workgroups wait longer at barriers, and 128 words of accumulators spill.
  private var strain: Double {
    if lanes == 1 { return 1 }
    let reads = Double(blockR + blockC) / Double(blockR * blockC)
    let crowd = threads > 128 ? 1.1 : 1
    let results =
      switch pass {
      case .forward: blockC + blockV
      case .queryGradient: 2 * blockC + blockD
      case .keyGradient: 2 * blockC + blockD + blockV
      }
    return (0.68 + 0.64 * reads) * crowd * (blockR * results >= 128 ? 1.35 : 1)
  }
  /// The same of what is done once per row tile.
  var costPerRowTile: Double {
    if let hopper { return hopper.costPerRowTile(headDim, valueDim) }
    return Double(tileR * parts) * Double(4 * (headDim + valueDim) + 200)
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
    // A GPU hides latency by several workgroups at once: two at least, where there is plenty.
    let all = capabilities.localMemoryBytes
    let room = capabilities.kind == .gpu ? min(all, max(all / 2, 64 << 10)) : all
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
