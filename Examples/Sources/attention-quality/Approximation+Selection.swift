import Tessera

/// Attention over chosen blocks of `keyBlock` keys for rows of `queryBlock` queries.
extension Approximation {
  /// The last `share` of keys before and after each query, and the first block.
  static func window(share: Double, queryBlock: Int, keyBlock: Int) -> Approximation {
    selection("first block and \(percent(share)) around") { inputs in
      let (queries, keys) = (inputs.q.shape[1], inputs.k.shape[1])
      let side = max(1, Int(share * Double(keys)) / 2)
      return try inputs.q.device.pattern(
        BlockPattern(.sinkLocal(sink: keyBlock, left: side, right: side)), queries: queries,
        keys: keys, queryBlock: queryBlock, keyBlock: keyBlock)
    }
  }

  /// The best blocks by the products of mean queries and mean keys.
  static func means(
    _ rule: BlockSelection.Rule, _ name: String, queryBlock: Int, keyBlock: Int
  ) -> Approximation {
    // A share is one of weights, which votes are.
    var reduction = BlockScoreOptions.Reduction.sum
    if case .share = rule { reduction = .vote }
    return selection("\(name) by means") { inputs in
      try inputs.q.device.selectBlocks(
        inputs.q, inputs.k,
        scoring: BlockScoreOptions(
          keyBlock: keyBlock, queryBlock: queryBlock, reduction: reduction),
        BlockSelection(rule))
    }
  }

  /// The best blocks by the mass of the softmax itself, which takes a dense attention to know: what a
  /// perfect estimate of it would choose.
  static func mass(
    _ rule: BlockSelection.Rule, _ name: String, queryBlock: Int, keyBlock: Int
  ) -> Approximation {
    selection("\(name) by true mass") { inputs in
      let mass = try BlockMass(keyBlock: keyBlock).perRow(
        inputs.q, inputs.k, queryBlock: queryBlock)
      return try inputs.q.device.selectBlocks(
        scores: mass, BlockSelection(rule), queries: inputs.q.shape[1], keys: inputs.k.shape[1],
        queryBlock: queryBlock, keyBlock: keyBlock)
    }
  }

  private static func selection(
    _ name: String, _ choose: @escaping (AttentionInputs) throws -> BlockList
  ) -> Approximation {
    Approximation(name: name) { inputs in
      let lists = try choose(inputs)
      return Prepared {
        try share(of: lists, keys: inputs.k.shape[1])
      } attend: {
        try inputs.q.device.blockListAttention(inputs.q, inputs.k, inputs.v, lists: lists)
      }
    }
  }

  /// The share of blocks that lists name; the last block counts like the others.
  private static func share(of lists: BlockList, keys: Int) throws -> Double {
    let blocks = Double((keys + lists.keyBlock - 1) / lists.keyBlock)
    let indices = lists.indices.shape
    let rows = Double(indices.elementCount / max(indices[-1], 1))
    let named =
      try lists.counts.map { try $0.floats().reduce(0) { $0 + Double($1) } }
      ?? Double(try lists.indices.floats().count { $0 >= 0 })
    return named / (rows * blocks)
  }
}
