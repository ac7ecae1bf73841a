extension SelectionProblem {
  /// Describes a selection from given scores.
  ///
  /// - Parameters:
  ///   - scores: `[B, Hl, R, M]` of f32, f16 or bf16.
  ///   - queries: queries of a sequence; `R·queryBlock` if nil.
  ///   - keys: keys of a sequence; `M·keyBlock` if nil.
  ///   - width: entries of a list; k for `topK`, else M, if nil.
  /// - Throws: `invalidArgument` naming the argument that does not fit.
  package init(
    scores: (shape: Shape, dtype: DType), rule: Rule, width: Int? = nil, initialBlocks: Int = 0,
    localBlocks: Int = 0, queries: Int? = nil, keys: Int? = nil, queryBlock: Int = 1,
    keyBlock: Int = 1, causal: Bool = false,
    alignment: AttentionProblem.Alignment = .bottomRight
  ) throws(TesseraError) {
    guard scores.shape.rank == 4 else {
      throw .invalidArgument(
        "scores", got: "shape \(scores.shape)", allowed: "[B, Hl, R, M]")
    }
    let (r, m) = (scores.shape[2], scores.shape[3])
    func length(_ name: String, _ given: Int?, _ count: Int, _ block: Int) throws(TesseraError) -> Int {
      guard (1...Int(Int32.max)).contains(block) else {
        throw .invalidArgument(
          name == "queries" ? "q_block" : "kv_block", got: block, allowed: "1...\(Int32.max)")
      }
      let (whole, overflow) = count.multipliedReportingOverflow(by: block)
      let length = given ?? (overflow ? Int.max : whole)
      let blocks = length / block + (length % block > 0 ? 1 : 0)
      guard length >= 0, blocks == count else {
        throw .invalidArgument(
          name, got: length, allowed: "a length of \(count) blocks of \(block), as scores have")
      }
      return length
    }
    self.init(
      rows: BlockRows(
        queryLength: try length("queries", queries, r, queryBlock),
        keyLength: try length("keys", keys, m, keyBlock), queryBlock: queryBlock,
        keyBlock: keyBlock, causal: causal, alignment: alignment),
      batch: scores.shape[0], listHeads: scores.shape[1], rule: rule, width: width,
      initialBlocks: initialBlocks, localBlocks: localBlocks, dtype: scores.dtype)
    try validate()
  }
}
