package import TesseraCore
package import TesseraHAL

extension HopperGEMMForm {
  package static func violation(
    _ problem: GEMMProblem, on capabilities: Capabilities
  ) -> String? {
    guard capabilities.backend == .openCL else { return "needs OpenCL" }
    guard capabilities.tensorTiers?.contains(.hopper) == true else {
      return capabilities.tensorRefusals?[TensorTier.hopper.rawValue] ?? "not on this device"
    }
    if let reason = TensorGEMM.violation(problem) { return reason }
    for (name, operand, rows, position) in [
      ("a", problem.a, problem.transposeA ? problem.k : problem.m, 0),
      ("b", problem.b, problem.transposeB ? problem.n : problem.k, 1),
    ] where !TensorGEMM.isCopyable(operand, rows: rows, position, problem) {
      return "rows of \(name) do not all start at multiples of 16 bytes"
    }
    return nil
  }

  package func violation(on capabilities: Capabilities) -> String? {
    guard [64, 128, 192, 256].contains(tileN), blocks > 0, stages > 1, splits > 0 else {
      return "no such tile"
    }
    guard (1...2).contains(warpgroups), blocks * tileN <= 384 else {
      return "the sums of a tile take too many registers"
    }
    if localBytes > capabilities.localMemoryBytes {
      return "needs \(localBytes) bytes of local memory, \(capabilities.localMemoryBytes) available"
    }
    return threads > capabilities.maxWorkgroupInvocations
      ? "needs \(threads) invocations, \(capabilities.maxWorkgroupInvocations) available" : nil
  }
}
