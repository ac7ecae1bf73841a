package import TesseraCore
package import TesseraHAL

extension HopperGEMMForm {
  package func cost(_ problem: GEMMProblem, _ capabilities: Capabilities) -> Double {
    let units = tiles(problem).multipliedSaturating(problem.batchCount).multipliedSaturating(splits)
    let waves = (Double(units) / Double(max(1, capabilities.computeUnits))).rounded(.up)
    let steps = Double(productsPerPart(problem) / Self.tileK)
    // 2,048 multiply-adds and some 55 bytes of operands a cycle and compute unit.
    let products = Double(tileM * tileN * Self.tileK) / 2048 * slowness
    let loads = Double(128 * (tileM + tileN)) / 55
    // The first loads of a workgroup; after that the end of a tile overlaps the next one's loads.
    let tile = steps * max(products, loads) + Double(tileM * tileN) * (splits > 1 ? 0.1 : 0.05) + 700
    let memory = GEMMTraffic.bytes(problem) / 2300
    var cycles = max(waves * tile, memory) + 3500
    if splits > 1 {
      let sums = 4 * Double(problem.m) * Double(problem.n) * Double(problem.batchCount * splits)
      // Written, read again, mostly in the cache, and one more kernel.
      cycles += sums / 1700 + 5500
    }
    return cycles
  }

  package func plan(
    _ problem: GEMMProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    try HopperGEMMBuilder(problem: problem, form: self, capabilities: capabilities).build()
  }
}
