import TesseraCore
import TesseraHAL

extension NeighborhoodTiling {
  /// Invocations and register blocks to choose from on one kind of device.
  private struct Form {
    var workQ: Int
    var workK: Int
    var blockQ: Int
    var blockK: Int
    var mostV: Int
    var lanes: Int
    var width: Int
  }

  private static func forms(_ capabilities: Capabilities) -> [Form] {
    func form(_ workQ: Int, _ workK: Int, _ blockQ: Int, _ blockK: Int) -> Form {
      Form(
        workQ: workQ, workK: workK, blockQ: blockQ, blockK: blockK, mostV: 16, lanes: 32, width: 4)
    }
    guard capabilities.kind != .gpu && capabilities.kind != .accelerator else {
      return [form(16, 8, 4, 4), form(8, 8, 4, 4), form(4, 8, 4, 4)]
    }
    // A work-item of a CPU driver is a loop iteration with vector code (PoCL), or a lane of one vector
    // of subgroup width (lavapipe): few of them, and none that only waits.
    let isOpenCL = capabilities.backend == .openCL
    let width = isOpenCL && capabilities.vectorWidth >= 8 ? 8 : 4
    let counts = isOpenCL ? [2, 4, 8, 16] : [8]
    return counts.map {
      Form(
        workQ: $0, workK: 1, blockQ: 4, blockK: 16, mostV: isOpenCL ? 64 : 32, lanes: 1,
        width: width)
    }
  }

  /// The tiling of least estimated cost.
  /// - Throws: `overLimit` if none fits the device's local memory.
  static func best(
    _ problem: NeighborhoodProblem, _ geometry: NeighborhoodGeometry, _ capabilities: Capabilities
  ) throws(TesseraError) -> NeighborhoodTiling {
    var best: (tiling: NeighborhoodTiling, cost: Double)?
    var smallest = Int.max
    for form in forms(capabilities) {
      guard form.workQ * form.workK <= capabilities.maxWorkgroupInvocations else { continue }
      guard var tiling = fitted(form, problem, capabilities, &smallest) else { continue }
      for tile in boxes(tiling.tileQ, geometry.longest) {
        tiling.tile = tile
        let extents = zip(geometry.axes, zip(geometry.longest, tile)).map { axis, sizes in
          let (n, t) = sizes
          let t1 = min(t, n) - 1
          return min(t1 / axis.stride * axis.stride + (axis.causal ? axis.stride : 0) + axis.window, n)
        }
        let (keyTile, keyTiles) = keyBox(tiling.tileK, extents)
        tiling.keyTile = keyTile
        let queryTiles = zip(geometry.longest, tile).reduce(1.0) {
          $0 * Double(($1.0 + $1.1 - 1) / $1.1)
        }
        let extra = (problem.extraKeys + tiling.tileK - 1) / tiling.tileK
        let cost = queryTiles * Double(keyTiles + extra) * tiling.costPerTile
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

  /// Relative time of one pair of a query tile and a key tile, in multiply-adds: the products, the
  /// exponentials, staging, and what a workgroup waits at barriers.
  private var costPerTile: Double {
    let columns = Double(valueSplits * (paddedHeadDim + tileV))
    let pairs = Double(tileQ * tileK)
    return pairs * columns + pairs * 12 * Double(valueSplits)
      + Double(tileK) * columns * (lanes == 1 ? 4 : 8) + Double(40 * threads * valueSplits)
  }

  /// The largest staging steps with which `form` fits the device's local memory; nil if none does.
  private static func fitted(
    _ form: Form, _ problem: NeighborhoodProblem, _ capabilities: Capabilities,
    _ smallest: inout Int
  ) -> NeighborhoodTiling? {
    let d4 = max(4, (problem.headDim + 3) / 4 * 4)
    let perLane = max(1, (problem.valueDim + form.workK - 1) / form.workK)
    let tileK = form.workK * form.blockK
    var tiling = NeighborhoodTiling(
      workQ: form.workQ, workK: form.workK, blockQ: form.blockQ, blockK: form.blockK,
      blockV: min((perLane + form.width - 1) / form.width * form.width, form.mostV), stepD: d4,
      stepK: tileK, queryD: d4, lanes: min(form.lanes, form.workQ * form.workK),
      width: form.width, headDim: problem.headDim, valueDim: problem.valueDim)
    for resident in [true, false] {
      for step in [64, 32, 16, 8, 4] where step / 2 < d4 {
        tiling.stepD = min(step, d4)
        tiling.queryD = resident ? tiling.paddedHeadDim : tiling.stepD
        if tiling.queryD == 0 { tiling.queryD = tiling.stepD }
        // Staging values should not ask for more room than staging keys, or little more.
        for divisor in [1, 2, 4, 8] where tileK % (4 * divisor) == 0 {
          tiling.stepK = tileK / divisor
          smallest = min(smallest, tiling.localBytes)
          if tiling.localBytes <= capabilities.localMemoryBytes { return tiling }
        }
      }
    }
    return nil
  }

  /// All boxes of `count` (a power of two) queries with power-of-two sides, without those that are
  /// longer than needed on an axis while another is short.
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
    // A problem of fewer queries than a tile has places.
    return result.isEmpty ? [[1, 1, count]] : result
  }

  /// The box of at most `count` keys that covers `extents` with the fewest boxes.
  private static func keyBox(_ count: Int, _ extents: [Int]) -> (box: [Int], boxes: Int) {
    var best: (box: [Int], boxes: Int) = ([1, 1, count], Int.max)
    for k2 in (1...min(count, extents[2])).reversed() {
      for k1 in 1...min(count / k2, extents[1]) {
        let k0 = min(count / (k2 * k1), extents[0])
        let box = [k0, k1, k2]
        let boxes = zip(extents, box).reduce(1) { $0 * (($1.0 + $1.1 - 1) / $1.1) }
        // Of equals, the first found has the longest rows: contiguous memory.
        if boxes < best.boxes { best = (box, boxes) }
      }
    }
    return best
  }
}
