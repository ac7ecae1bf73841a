/// One way to compute products on a GPU or a driver for GPUs: a kernel with its tile shape.
///
/// A workgroup computes `tileM × tileN` of D, an invocation `workM × workN` of them. Names follow the
/// kernel sources (`tileM` ↔ `TILE_M`), where each parameter is explained.
package struct GEMMForm: Sendable, Hashable {
  package enum Kernel: String, Sendable, Hashable {
    /// One output per invocation; runs everywhere, the baseline.
    case naive
    /// Outputs in registers, no local memory.
    case direct
    /// Tiles of A and B in local memory.
    case tiled
  }

  package var kernel: Kernel
  package var tileM: Int
  package var tileN: Int
  /// Products between two barriers; 1 where there are none.
  package var tileK = 1
  package var workM = 1
  package var workN = 1
  package var unrollK = 1
  /// Rows and columns of an invocation are spread over the tile (GPUs) instead of adjacent (CPUs).
  package var interleave = true
  /// Floats added to each row of local memory.
  package var pad = 0
  /// 2 fetches the next tile while one is used.
  package var stages = 1
  /// Floats per vector of columns.
  package var width = 1
  /// The direct kernel's workgroup is one subgroup and shares loads of A by broadcasts.
  package var subgroup = false
  /// Speed on a large product relative to the best form of the same table.
  package var share: Double

  /// The tiled kernel.
  package static func tiled(
    _ tileM: Int, _ tileN: Int, _ tileK: Int, work: (Int, Int), unrollK: Int = 4,
    interleave: Bool = true, pad: Int = 0, stages: Int = 1, width: Int = 4, share: Double
  ) -> GEMMForm {
    GEMMForm(
      kernel: .tiled, tileM: tileM, tileN: tileN, tileK: tileK, workM: work.0, workN: work.1,
      unrollK: unrollK, interleave: interleave, pad: pad, stages: stages, width: width, share: share)
  }

  /// The direct kernel with `lanes` invocations side by side along N.
  package static func direct(
    lanes: Int, work: (Int, Int), subgroup: Bool = false, share: Double
  ) -> GEMMForm {
    GEMMForm(
      kernel: .direct, tileM: work.0, tileN: lanes * work.1, workM: work.0, workN: work.1,
      subgroup: subgroup, share: share)
  }

  /// The naive kernel with workgroups of `side × side`.
  package static func naive(side: Int, share: Double) -> GEMMForm {
    GEMMForm(kernel: .naive, tileM: side, tileN: side, share: share)
  }

  /// Invocations along each axis of a workgroup.
  package var workgroup: [Int] { [tileN / workN, tileM / workM, 1] }
  package var invocations: Int { tileN / workN * (tileM / workM) }

  /// Panels of the local layout: whole tiles on GPUs, what one invocation reads on CPUs.
  var panelM: Int { interleave ? tileM : workM }
  var panelN: Int { interleave ? tileN : workN }

  /// Bytes of local memory.
  package var localBytes: Int {
    guard kernel == .tiled else { return 0 }
    let rowsA = tileM / panelM * (panelM + pad)
    let rowsB = tileN / panelN * (panelN + pad)
    return 4 * stages * tileK * (rowsA + rowsB)
  }

  /// Loop iterations of one invocation for `k` products, were no loop unrolled beyond what the source
  /// asks for.
  package func iterations(products k: Int) -> Int {
    guard kernel == .tiled else { return k }
    let steps = (k + tileK - 1) / tileK
    let copies = (tileM + tileN) * tileK / 4 / invocations
    return steps * (1 + copies + tileK / unrollK)
  }

  /// Parameters that depend on the form alone.
  var parameters: [KernelSpec.Parameter] {
    switch kernel {
    case .naive: [.init("GROUP_M", tileM), .init("GROUP_N", tileN)]
    case .direct:
      [
        .init("LANES", tileN / workN), .init("WORK_M", workM), .init("WORK_N", workN),
        .init("SUBGROUP", subgroup ? 1 : 0),
      ]
    case .tiled:
      [
        .init("TILE_M", tileM), .init("TILE_N", tileN), .init("TILE_K", tileK),
        .init("WORK_M", workM), .init("WORK_N", workN), .init("UNROLL_K", unrollK),
        .init("INTERLEAVE", interleave ? 1 : 0), .init("PANEL_M", panelM), .init("PANEL_N", panelN),
        .init("PAD", pad), .init("STAGES", stages), .init("WIDTH", width),
      ]
    }
  }
}
