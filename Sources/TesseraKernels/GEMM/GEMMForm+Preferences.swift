package import TesseraCore
package import TesseraHAL

extension GEMMForm {
  /// Every form worth considering for `problem` on such a device, in no particular order and not all
  /// of them legal there.
  package static func candidates(
    _ problem: GEMMProblem, _ capabilities: Capabilities
  ) -> [GEMMForm] {
    guard capabilities.kind == .software else { return gpu }
    if capabilities.backend == .vulkan { return lanes }
    return capabilities.vectorWidth >= 4
      ? vectors(capabilities.vectorWidth, products: problem.k) : gpu + lanes
  }

  /// For GPUs: a warp's reads of local memory are conflict-free, 16 bytes each; 64 or 32 sums and the
  /// next tile fit in 128 registers; two workgroups of the first form fit in 64 KiB of local memory.
  private static let gpu: [GEMMForm] = [
    .tiled(128, 128, 16, work: (8, 8), unrollK: 16, pad: 4, stages: 2, share: 1),
    .tiled(128, 64, 16, work: (8, 4), unrollK: 16, pad: 4, stages: 2, share: 0.85),
    .tiled(64, 128, 16, work: (4, 8), unrollK: 16, pad: 4, stages: 2, share: 0.85),
    .tiled(64, 64, 16, work: (4, 4), unrollK: 16, pad: 4, stages: 2, share: 0.6),
    .tiled(32, 64, 16, work: (4, 4), unrollK: 16, pad: 4, stages: 2, share: 0.45),
    .tiled(32, 32, 32, work: (4, 4), unrollK: 4, pad: 4, share: 0.35),
    .tiled(16, 16, 16, work: (4, 4), unrollK: 4, pad: 4, share: 0.12),
    .direct(lanes: 64, work: (8, 2), share: 0.12),
    .direct(lanes: 64, work: (4, 1), share: 0.08),
    .direct(lanes: 64, work: (1, 1), share: 0.05),
    .naive(side: 16, share: 0.05),
  ]

  /// For drivers that run invocations as the lanes of a vector (lavapipe: 8). A load costs far more
  /// than arithmetic, so as many sums per load as there can be, and no local memory.
  /// Shares measured on Mesa 22.3.6, f32, 512³.
  private static let lanes: [GEMMForm] = [
    .direct(lanes: 8, work: (32, 8), subgroup: true, share: 1),
    .direct(lanes: 8, work: (16, 8), subgroup: true, share: 0.73),
    .direct(lanes: 8, work: (16, 4), subgroup: true, share: 0.58),
    .direct(lanes: 8, work: (8, 4), subgroup: true, share: 0.38),
    .direct(lanes: 8, work: (8, 1), subgroup: true, share: 0.15),
    .direct(lanes: 8, work: (8, 8), share: 0.27),
    .direct(lanes: 8, work: (4, 4), share: 0.13),
    .direct(lanes: 8, work: (1, 4), share: 0.06),
    .direct(lanes: 8, work: (1, 1), share: 0.04),
    .naive(side: 8, share: 0.034),
  ]

  /// For OpenCL on CPUs: an invocation is scalar code with vectors of its own and keeps all its sums
  /// in vector registers; local memory packs the tiles into streams. `width` floats per register.
  /// Shares measured on PoCL 3.1 with AVX2, f32, 1024³.
  private static func vectors(_ width: Int, products: Int) -> [GEMMForm] {
    // 16 registers up to AVX2: 4 rows of two registers leave half of them for operands.
    let work = width >= 16 ? (8, 32) : (4, 2 * width)
    let vector = width >= 16 ? 16 : 2 * width
    let tileK = [32, 64, 128].first { $0 >= products } ?? 256
    var forms: [GEMMForm] = []
    for (tileM, columns, share) in [
      (128, 16, 1.0), (128, 8, 0.95), (64, 8, 0.75), (64, 4, 0.65), (32, 4, 0.5), (16, 4, 0.35),
      (8, 2, 0.2),
    ] {
      for depth in Set([tileK, min(tileK, 64)]) {
        forms.append(
          .tiled(
            max(tileM, work.0), columns * work.1, depth, work: work, interleave: false,
            width: vector, share: depth < tileK ? share * 0.8 : share))
      }
    }
    forms += [
      .direct(lanes: 16, work: (4, 4), share: 0.08), .direct(lanes: 8, work: (1, 4), share: 0.06),
      .direct(lanes: 8, work: (1, 1), share: 0.04), .naive(side: 8, share: 0.033),
    ]
    return forms
  }

  /// Estimated time, in units that compare forms on one device only: the busiest compute unit's
  /// multiply-adds, padding included, at the form's speed.
  package func cost(_ problem: GEMMProblem, _ capabilities: Capabilities) -> Double {
    let rows = Double((problem.m + tileM - 1) / tileM)
    let columns = Double((problem.n + tileN - 1) / tileN)
    let groups = rows * columns * Double(problem.batchCount)
    let granule = stages == 2 ? tileK : 4
    let products = Double((problem.k + granule - 1) / granule * granule)
    // Beside the products: filling whole tiles of local memory, storing the results.
    let filled = Double((problem.k + tileK - 1) / tileK * tileK)
    let copies = kernel == .tiled ? filled * Double(tileM + tileN) : 0
    let outputs = Double(tileM * tileN)
    let work = outputs * products / share + 4 * copies + 32 * outputs + 2000
    return (groups / Double(max(1, capabilities.computeUnits))).rounded(.up) * work
  }
}
