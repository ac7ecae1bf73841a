import Tessera

/// How much of the softmax's mass lies on each block of keys.
struct BlockMass {
  let keyBlock: Int
  /// Blocks told apart by one attention: the longest value it takes.
  private static let together = 512

  init(keyBlock: Int) { self.keyBlock = keyBlock }

  /// The mass of block `b`, summed over the queries of row `r` and the query heads of a KV head:
  /// f32 `[B, Hkv, R, M]`.
  ///
  /// An attention whose values are 1 in channel b for the keys of block b, and 0 elsewhere, gives the mass of
  /// every block as its output.
  func perRow(_ q: Tensor, _ k: Tensor, queryBlock: Int) throws -> Tensor {
    let (batch, queries, heads) = (q.shape[0], q.shape[1], q.shape[2])
    let (keys, kvHeads) = (k.shape[1], k.shape[2])
    let blocks = (keys + keyBlock - 1) / keyBlock
    let rows = (queries + queryBlock - 1) / queryBlock
    guard blocks <= Self.together else {
      throw QualityError.tooManyBlocks(blocks, most: Self.together)
    }
    var marks = [Float](repeating: 0, count: batch * keys * kvHeads * blocks)
    for vector in 0..<(batch * keys * kvHeads) {
      marks[vector * blocks + vector / kvHeads % keys / keyBlock] = 1
    }
    let values = try Tensor(
      marks, shape: [batch, keys, kvHeads, blocks], dtype: q.dtype, on: q.device)
    let mass = try q.device.attention(q, k, values, options: AttentionOptions(output: .f32))
      .floats()
    var sums = [Float](repeating: 0, count: batch * kvHeads * rows * blocks)
    let group = heads / kvHeads
    for token in 0..<(batch * queries) {
      for head in 0..<heads {
        let row = (token / queries * kvHeads + head / group) * rows + token % queries / queryBlock
        for block in 0..<blocks {
          sums[row * blocks + block] += mass[(token * heads + head) * blocks + block]
        }
      }
    }
    return try Tensor(sums, shape: [batch, kvHeads, rows, blocks], on: q.device)
  }
}
