import Tessera

/// A way to choose blocks of keys for rows of queries: q `[B, Nq, H, D]`, k `[B, Nk, Hkv, D]`.
struct BlockSelector {
  let name: String
  /// Lists of blocks of `keyBlock` keys for rows of `queryBlock` queries.
  let lists: (_ q: Tensor, _ k: Tensor) throws -> BlockList

  /// The last `share` of keys before and after each query, and the first block.
  static func window(share: Double, queryBlock: Int, keyBlock: Int) -> BlockSelector {
    BlockSelector(name: "first block and \(percent(share)) around") { q, k in
      let side = max(1, Int(share * Double(k.shape[1])) / 2)
      return try q.device.pattern(
        BlockPattern(.sinkLocal(sink: keyBlock, left: side, right: side)), queries: q.shape[1],
        keys: k.shape[1], queryBlock: queryBlock, keyBlock: keyBlock)
    }
  }

  /// The best blocks by the products of mean queries and mean keys.
  static func means(
    _ rule: BlockSelection.Rule, _ name: String, queryBlock: Int, keyBlock: Int
  ) -> BlockSelector {
    // A share is one of weights, which votes are.
    var reduction = BlockScoreOptions.Reduction.sum
    if case .share = rule { reduction = .vote }
    return BlockSelector(name: "\(name) by means") { q, k in
      try q.device.selectBlocks(
        q, k,
        scoring: BlockScoreOptions(
          keyBlock: keyBlock, queryBlock: queryBlock, reduction: reduction),
        BlockSelection(rule))
    }
  }

  /// The best blocks by the mass of the softmax itself, which takes a dense attention to know: what any
  /// choice of so many blocks could reach.
  static func mass(
    _ rule: BlockSelection.Rule, _ name: String, queryBlock: Int, keyBlock: Int
  ) -> BlockSelector {
    BlockSelector(name: "\(name) by true mass") { q, k in
      let mass = try BlockMass(keyBlock: keyBlock).perRow(q, k, queryBlock: queryBlock)
      return try q.device.selectBlocks(
        scores: mass, BlockSelection(rule), queries: q.shape[1], keys: k.shape[1],
        queryBlock: queryBlock, keyBlock: keyBlock)
    }
  }
}

/// `12.5 %` of 0.125.
func percent(_ share: Double) -> String {
  let tenths = Int((share * 1000).rounded())
  return "\(tenths / 10).\(tenths % 10) %"
}
