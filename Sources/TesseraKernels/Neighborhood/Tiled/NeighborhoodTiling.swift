/// Every choice `na_tiled.h` leaves open: the kernel's parameters and the boxes of its tiles.
package struct NeighborhoodTiling: Sendable, Hashable {
  package var workQ: Int
  package var workK: Int
  package var blockQ: Int
  package var blockK: Int
  package var blockV: Int
  package var stepD: Int
  package var stepK: Int
  package var queryD: Int
  package var lanes: Int
  package var width: Int
  package var headDim: Int
  package var valueDim: Int
  /// Queries of a tile along each axis of a dilation group; the product is `tileQ`.
  package var tile = [1, 1, 1]
  /// Keys of a tile along each axis; the product is at most `tileK`.
  package var keyTile = [1, 1, 1]

  package var threads: Int { workQ * workK }
  package var tileQ: Int { workQ * blockQ }
  package var tileK: Int { workK * blockK }
  package var tileV: Int { workK * blockV }
  /// Workgroups that share the value columns.
  package var valueSplits: Int { max(1, (valueDim + tileV - 1) / tileV) }
  /// Head dimensions computed, padding included.
  package var paddedHeadDim: Int { (headDim + stepD - 1) / stepD * stepD }

  /// Floats of the staging array.
  package var stageSize: Int { max(stepD * (tileK + width), stepK * tileV) }
  /// Bytes of all local arrays of the kernel.
  package var localBytes: Int {
    4 * (tileQ * queryD + stageSize + tileQ * (tileK + 4) + tileQ * workK + 3 * tileQ + 2 * tileK)
  }

  /// Loop iterations of one invocation for one key tile, at most; loops marked UNROLL are not loops.
  package var iterationsPerTile: Int {
    func rounds(_ rows: Int, _ columns: Int) -> Int {
      let together = max(threads / lanes, 1)
      return (rows + together - 1) / together * (1 + (columns + lanes - 1) / lanes)
    }
    let chunks = paddedHeadDim / stepD
    let keys = rounds(tileK, stepD) + (queryD < headDim ? rounds(tileQ, stepD) : 0) + stepD / 4 + 1
    let values = rounds(stepK, tileV) + 2 * (stepK / 4) + 1
    return 1 + (tileK + threads - 1) / threads + chunks * keys + tileK / stepK * values
  }
  /// Loop iterations of one invocation outside the loop over key tiles.
  package var iterationsOutside: Int {
    let rows = (tileQ + threads - 1) / threads
    let together = max(threads / lanes, 1)
    return rows + (tileQ + together - 1) / together * (1 + queryD) + queryD / stepD + 64
  }

  /// The parameters as the kernel names them, for OpenCL's `-D` and Vulkan's specialization.
  package var parameters: [KernelSpec.Parameter] {
    [
      .init("HEAD_DIM", headDim), .init("VALUE_DIM", valueDim), .init("WORK_Q", workQ),
      .init("WORK_K", workK), .init("BLOCK_Q", blockQ), .init("BLOCK_K", blockK),
      .init("BLOCK_V", blockV), .init("STEP_D", stepD), .init("STEP_K", stepK),
      .init("QUERY_D", queryD), .init("STAGE", stageSize), .init("LANES", lanes),
      .init("V_SPLITS", valueSplits), .init("WIDTH", width),
    ]
  }
}
