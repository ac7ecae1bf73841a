package import TesseraCore
package import TesseraHAL

/// One way to compute a product on the tensor cores of compute capability 8.0 and up: the tile shape of
/// `gemm_mma`, whose source explains the parameters, and into how many parts K is cut.
package struct MMAGEMMForm: TensorGEMMForm {
  var warpsM: Int
  var warpsN: Int
  /// Blocks of 16 rows, and of 8 columns, of a warp.
  var workM: Int
  var workN: Int
  var stages: Int
  package var splits = 1

  package init(warps: (m: Int, n: Int), work: (m: Int, n: Int), stages: Int, splits: Int = 1) {
    (warpsM, warpsN) = warps
    (workM, workN) = work
    self.stages = stages
    self.splits = splits
  }

  package var tileM: Int { 16 * warpsM * workM }
  package var tileN: Int { 8 * warpsN * workN }
  static let tileK = 32
  package var threads: Int { 32 * warpsM * warpsN }
  package var localBytes: Int { stages * 64 * (tileM + tileN) }

  var parameters: [KernelSpec.Parameter] {
    [
      .init("WARPS_M", warpsM), .init("WARPS_N", warpsN), .init("WORK_M", workM),
      .init("WORK_N", workN), .init("STAGES", stages),
    ]
  }

  /// All stay within the 48 KiB that any driver
  /// gives a workgroup.
  package static let all: [MMAGEMMForm] = [
    MMAGEMMForm(warps: (2, 4), work: (4, 4), stages: 3),
    MMAGEMMForm(warps: (2, 2), work: (4, 4), stages: 4),
    MMAGEMMForm(warps: (2, 2), work: (2, 4), stages: 4),
    MMAGEMMForm(warps: (1, 4), work: (2, 2), stages: 4),
  ]

  package static func violation(
    _ problem: GEMMProblem, on capabilities: Capabilities
  ) -> String? {
    guard capabilities.backend == .openCL else { return "needs OpenCL" }
    guard capabilities.tensorTiers?.contains(.mma) == true else {
      return capabilities.tensorRefusals?[TensorTier.mma.rawValue] ?? "not on this device"
    }
    return TensorGEMM.violation(problem)
  }

  package func violation(on capabilities: Capabilities) -> String? {
    guard workN % 2 == 0, (2...4).contains(stages), splits > 0, tileM % 8 == 0,
      tileM * 4 % threads == 0, tileN * 4 % threads == 0
    else { return "no such tile" }
    if localBytes > capabilities.localMemoryBytes {
      return "needs \(localBytes) bytes of local memory, \(capabilities.localMemoryBytes) available"
    }
    return threads > capabilities.maxWorkgroupInvocations
      ? "needs \(threads) invocations, \(capabilities.maxWorkgroupInvocations) available" : nil
  }

  /// Estimated time in clock cycles, as `HopperGEMMForm.cost`.
  package func cost(_ problem: GEMMProblem, _ capabilities: Capabilities) -> Double {
    let units = tiles(problem).multipliedSaturating(problem.batchCount).multipliedSaturating(splits)
    let resident = max(1, min(3, 768 / threads))
    let slots = Double(max(1, capabilities.computeUnits) * resident)
    let waves = (Double(units) / slots).rounded(.up) * Double(resident)
    let steps = Double(productsPerPart(problem) / Self.tileK)
    let products = Double(tileM * tileN * Self.tileK) / 600
    let loads = Double(64 * (tileM + tileN)) / 25
    let tile = steps * max(products, loads) + Double(tileM * tileN) * 0.15 + 400
    var cycles = max(waves * tile, GEMMTraffic.bytes(problem) / 2000) + 4000
    if splits > 1 {
      cycles +=
        4 * Double(problem.m) * Double(problem.n) * Double(problem.batchCount * splits) / 1700 + 5500
    }
    return cycles
  }

  package func plan(
    _ problem: GEMMProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    try MMAGEMMBuilder(problem: problem, form: self, capabilities: capabilities).build()
  }
}
