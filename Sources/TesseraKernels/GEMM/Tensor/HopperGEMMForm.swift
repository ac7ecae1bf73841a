/// One way to compute a product on Hopper's tensor cores: the tile shape of `gemm_hopper`, whose source
/// explains the parameters, and into how many parts K is cut.
package struct HopperGEMMForm: TensorGEMMForm {
  package var warpgroups: Int
  /// Blocks of 64 rows of each warpgroup.
  package var blocks: Int
  package var tileN: Int
  package var stages: Int
  /// Tiles of one column that are taken before the next column's.
  package var groupM: Int
  package var splits = 1
  /// Time of a tile's products relative to the tensor cores' peak; from measurements.
  var slowness: Double

  package init(
    warpgroups: Int, blocks: Int = 1, tileN: Int, stages: Int, splits: Int = 1,
    slowness: Double = 1
  ) {
    self.warpgroups = warpgroups
    self.blocks = blocks
    self.tileN = tileN
    self.stages = stages
    self.splits = splits
    self.slowness = slowness
    // Rows and columns of what all workgroups compute at a time are about as many.
    groupM = max(1, 2048 / (64 * warpgroups * blocks))
  }

  package var tileM: Int { 64 * warpgroups * blocks }
  package static let tileK = 64
  /// Bytes of three tensor maps.
  static let mapBytes = 3 * 128
  package var threads: Int { 128 * (warpgroups + 1) }
  /// As the source sums it up.
  package var localBytes: Int {
    stages * 128 * (tileM + tileN) + warpgroups * 16384 + Self.mapBytes + 16 * stages + 1024
  }

  var parameters: [KernelSpec.Parameter] {
    [
      .init("TILE_N", tileN), .init("WARPGROUPS", warpgroups), .init("BLOCKS", blocks),
      .init("STAGES", stages), .init("GROUP_M", groupM),
    ]
  }

  package static let all: [HopperGEMMForm] = [
    // The least traffic for a product, and so the least power, which is what limits large ones.
    HopperGEMMForm(warpgroups: 2, blocks: 2, tileN: 192, stages: 3, slowness: 0.94),
    HopperGEMMForm(warpgroups: 2, tileN: 256, stages: 3),
    HopperGEMMForm(warpgroups: 2, blocks: 2, tileN: 128, stages: 3, slowness: 1.04),
    HopperGEMMForm(warpgroups: 2, tileN: 128, stages: 5, slowness: 1.1),
    HopperGEMMForm(warpgroups: 1, tileN: 256, stages: 4, slowness: 1.2),
    HopperGEMMForm(warpgroups: 1, tileN: 128, stages: 8, slowness: 1.2),
    HopperGEMMForm(warpgroups: 2, tileN: 64, stages: 8, slowness: 1.3),
    HopperGEMMForm(warpgroups: 1, tileN: 64, stages: 12, slowness: 1.6),
  ]
}
