import TesseraHAL

/// How a product is cut for the processor: pure numbers, chosen from extents and capabilities.
///
/// The register tile follows the vector width. `TILE_K` rows of a B panel stay in the first-level
/// cache; a block of A and its block of D share the second level.
struct CPUGEMMTiling {
  var microM: Int
  var microN: Int
  var tileM: Int
  var tileN: Int
  var tileK: Int
  /// Whether each workgroup packs the part of B it needs, instead of a dispatch before it.
  var packsB: Bool

  /// Chooses for `m × n × k` products, `batches` of them; all extents at least 1, except `k`.
  init(m: Int, n: Int, k: Int, batches: Int, capabilities: Capabilities) {
    let wide = capabilities.vectorWidth >= 16
    microM = wide ? 12 : 6
    microN = wide ? 32 : 16
    tileK = Self.even(k, atMost: wide ? 192 : 256, multipleOf: 8)
    tileM = Self.even(m, atMost: 96, multipleOf: microM)
    tileN = Self.even(n, atMost: 512, multipleOf: microN)
    // Below about 2 MFLOP a second thread costs more than it brings.
    let small = 2 * Double(m) * Double(n) * Double(k) * Double(batches) < 2e6
    // One row of blocks: nobody else needs the same part of B.
    packsB = small || m <= 96
    if packsB { tileN = Self.even(n, atMost: 256, multipleOf: microN) }
    guard !small else { return }
    // Enough blocks that no thread waits long for the last ones.
    let wanted = 4 * max(capabilities.computeUnits, 1)
    var blocks: Int {
      let grid = ((m + tileM - 1) / tileM) * ((n + tileN - 1) / tileN)
      return grid.multipliedReportingOverflow(by: batches).overflow ? .max : grid * batches
    }
    while blocks < wanted, tileN > 4 * microN {
      tileN = Self.even(n, atMost: tileN - microN, multipleOf: microN)
    }
    while !packsB, blocks < wanted, tileM > 4 * microM {
      tileM = Self.even(m, atMost: tileM - microM, multipleOf: microM)
    }
  }

  /// Cuts `extent` into equal pieces of at most `limit`, rounded up to a multiple of `unit`.
  static func even(_ extent: Int, atMost limit: Int, multipleOf unit: Int) -> Int {
    guard extent > 0 else { return unit }
    let pieces = (extent - 1) / limit + 1
    let piece = (extent - 1) / pieces + 1
    return (piece + unit - 1) / unit * unit
  }
}
