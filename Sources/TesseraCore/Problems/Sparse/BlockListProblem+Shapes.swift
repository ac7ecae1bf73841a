extension BlockListProblem {
  /// Describes attention over block lists for contiguous tensors.
  ///
  /// - Parameters:
  ///   - attention: tensors and rules of the attention; without window and ALiBi.
  ///   - indices: `[B, Hl, R, W]` or, packed, `[Hl, R, W]`, i32.
  ///   - counts: the shape of `indices` less its last axis, i32.
  ///   - sinks: `[H]`, f32.
  ///   - queryBlock: queries per row, 1 or more.
  ///   - keyBlock: keys per entry, 1 or more.
  ///   - window: keys before and after a query's position that it attends in any case.
  /// - Throws: `invalidArgument` naming the argument that does not fit.
  package init(
    attention: AttentionProblem, indices: (shape: Shape, dtype: DType),
    counts: (shape: Shape, dtype: DType)? = nil, sinks: (shape: Shape, dtype: DType)? = nil,
    queryBlock: Int, keyBlock: Int, window: (left: Int, right: Int)? = nil
  ) throws(TesseraError) {
    let rank = attention.packed ? 3 : 4
    guard indices.shape.rank == rank else {
      throw .invalidArgument(
        "indices", got: "shape \(indices.shape)",
        allowed: attention.packed ? "[Hl, R, W], as the batch is packed" : "[B, Hl, R, W]")
    }
    for (name, tensor) in [("indices", indices), ("counts", counts)] {
      if let tensor, tensor.dtype != .i32 {
        throw .invalidArgument("\(name) element type", got: tensor.dtype, allowed: "i32")
      }
    }
    if let counts, counts.shape.dimensions != Array(indices.shape.dimensions.dropLast()) {
      throw .invalidArgument(
        "counts", got: "shape \(counts.shape)",
        allowed: "that of indices, \(indices.shape), without the last axis")
    }
    if let sinks {
      guard sinks.shape.dimensions == [attention.heads] else {
        throw .invalidArgument(
          "sinks", got: "shape \(sinks.shape)",
          allowed: "[H] = [\(attention.heads)], one logit per query head")
      }
      guard sinks.dtype == .f32 else {
        throw .invalidArgument("sinks element type", got: sinks.dtype, allowed: "f32")
      }
    }
    if !attention.packed, indices.shape[0] != attention.batch {
      throw .invalidArgument(
        "indices", got: "batch \(indices.shape[0])", allowed: "\(attention.batch), as q")
    }
    self.init(
      attention: attention, queryBlock: queryBlock, keyBlock: keyBlock,
      listHeads: indices.shape[-3], listRows: indices.shape[-2], listWidth: indices.shape[-1],
      counts: counts != nil, addedLeft: window?.left, addedRight: window?.right,
      sinks: sinks != nil)
    try validate()
  }

  /// Checks the rules that hold between the numbers.
  /// - Throws: `invalidArgument` naming the first parameter that breaks one.
  package func validate() throws(TesseraError) {
    try attention.validate()
    guard attention.windowLeft == nil, attention.windowRight == nil, !attention.alibi else {
      throw .invalidArgument(
        "attention", got: "a window or ALiBi slopes",
        allowed: "neither; `window` of block lists adds keys to them")
    }
    for (name, size) in [("q_block", queryBlock), ("kv_block", keyBlock)]
    where !(1...Int(Int32.max)).contains(size) {
      throw .invalidArgument(name, got: size, allowed: "1...\(Int32.max)")
    }
    let (heads, kvHeads) = (attention.heads, attention.kvHeads)
    guard [1, kvHeads, heads].contains(listHeads) else {
      throw .invalidArgument(
        "indices", got: "\(listHeads) lists",
        allowed: "1, one per KV head (\(kvHeads)) or one per query head (\(heads))")
    }
    let rows = attention.queryLength / queryBlock + (attention.queryLength % queryBlock > 0 ? 1 : 0)
    guard attention.packed ? listRows >= rows : listRows == rows else {
      throw .invalidArgument(
        "indices", got: "\(listRows) rows",
        allowed: "\(rows)\(attention.packed ? " or more" : ""), one per \(queryBlock) queries")
    }
    for (name, limit) in [("window left", addedLeft), ("window right", addedRight)] {
      if let limit, limit < 0 {
        throw .invalidArgument(name, got: limit, allowed: "0 or more")
      }
    }
    guard (addedLeft == nil) == (addedRight == nil) else {
      throw .invalidArgument("window", got: "one limit", allowed: "both limits, or none")
    }
    _ = try Shape(indexDimensions).byteCount(of: .i32)
  }

  /// Checks cumulative query lengths that are on the host: the rows of all sequences must be there.
  /// - Throws: `invalidArgument` if `indices` has fewer rows.
  package func validate(rowsOf cumulative: [Int]) throws(TesseraError) {
    let rows = zip(cumulative, cumulative.dropFirst()).reduce(0) { sum, ends in
      sum + (ends.1 - ends.0 + queryBlock - 1) / queryBlock
    }
    guard rows <= listRows else {
      throw .invalidArgument(
        "indices", got: "\(listRows) rows",
        allowed: "\(rows) or more: one per \(queryBlock) queries of each sequence")
    }
  }
}
