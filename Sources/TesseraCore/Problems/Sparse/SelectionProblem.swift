/// Choosing blocks of keys by their scores.
///
/// Scores `[B, Hl, R, M]`, one list of M scores for each row of queries; out come the lists of attention
/// over block lists: indices i32 `[B, Hl, R, W]`, ascending, the rest of a row −1, and counts i32
/// `[B, Hl, R]`.
///
/// A block can be chosen if its row sees it (`BlockRows`) and its score is a number: NaN and −inf are
/// none. The first `initial` blocks and the last `local` ones up to the row's own are always chosen, if
/// the row sees them, whatever their scores, and count like others. Blocks are taken from the highest
/// score down, equal scores from the lower index up:
/// ```
/// topK       k of them, or all
/// topP       until the chosen scores sum to p of the sum of all that can be chosen, negative ones as 0
/// threshold  those with score ≥ τ
/// relative   those with score ≥ ρ · max score of all that can be chosen, product rounded to f32
/// ```
/// and never more than W, the highest of what the rule allows.
///
/// Sources: Yuan et al., "Native Sparse Attention" (2025) for top-k with forced blocks; Lai et al.,
/// "FlexPrefill" (2025) for the cumulative rule; Ji et al., "SALE" (2025) for thresholds.
package struct SelectionProblem: Sendable, Hashable, Codable {
  /// How many blocks are chosen.
  package enum Rule: Sendable, Hashable, Codable {
    case topK(Int)
    case topP(Float)
    case threshold(Float)
    case relative(Float)
  }

  package var rows: BlockRows
  /// Sequences, B.
  package var batch: Int
  /// Lists per sequence, Hl.
  package var listHeads: Int
  package var rule: Rule
  /// Entries of a list, W.
  package var width: Int
  /// Blocks from the first that are always chosen.
  package var initialBlocks = 0
  /// Blocks up to the row's own that are always chosen.
  package var localBlocks = 0
  /// Storage type of the scores: f32, f16 or bf16.
  package var dtype = DType.f32

  /// - Parameter width: entries of a list; k for `topK`, else the number of blocks, if nil.
  package init(
    rows: BlockRows, batch: Int, listHeads: Int, rule: Rule, width: Int? = nil,
    initialBlocks: Int = 0, localBlocks: Int = 0, dtype: DType = .f32
  ) {
    self.rows = rows
    self.batch = batch
    self.listHeads = listHeads
    self.rule = rule
    if let width {
      self.width = width
    } else if case .topK(let k) = rule {
      self.width = k
    } else {
      self.width = rows.blocks
    }
    self.initialBlocks = initialBlocks
    self.localBlocks = localBlocks
    self.dtype = dtype
  }

  /// Most blocks a list may get: W, or k if that is less.
  package var most: Int {
    if case .topK(let k) = rule { return min(k, width) }
    return width
  }
  /// Shape of the scores.
  package var scoreDimensions: [Int] { [batch, listHeads, rows.rows, rows.blocks] }
  /// Shape of the lists' indices.
  package var indexDimensions: [Int] { [batch, listHeads, rows.rows, width] }
  /// Shape of the lists' counts.
  package var countDimensions: [Int] { [batch, listHeads, rows.rows] }

  /// Whether row `r` gets block `b` whatever its score.
  package func forces(_ r: Int, _ b: Int) -> Bool {
    guard rows.sees(r, b) else { return false }
    let position = rows.position(of: r)
    if b < initialBlocks { return true }
    guard position >= 0 else { return false }
    let own = min(position / rows.keyBlock, rows.blocks - 1)
    return b <= own && own - b < localBlocks
  }

  /// Checks the numbers.
  /// - Throws: `invalidArgument` naming the first that makes no sense.
  package func validate() throws(TesseraError) {
    try rows.validate()
    guard AttentionProblem.dtypes.contains(dtype) else {
      throw .invalidArgument("scores element type", got: dtype, allowed: "f32, f16 or bf16")
    }
    for (name, value) in [
      ("batch", batch), ("lists", listHeads), ("width", width), ("init", initialBlocks),
      ("local", localBlocks),
    ] where !(0...Int(Int32.max)).contains(value) {
      throw .invalidArgument(name, got: value, allowed: "0...\(Int32.max)")
    }
    switch rule {
    case .topK(let k):
      guard k >= 0 else { throw .invalidArgument("top_k", got: k, allowed: "0 or more") }
    case .topP(let p):
      guard p >= 0, p <= 1 else { throw .invalidArgument("top_p", got: p, allowed: "0...1") }
    case .threshold(let limit):
      guard !limit.isNaN else {
        throw .invalidArgument("threshold", got: limit, allowed: "a number")
      }
    case .relative(let ratio):
      guard ratio >= 0, ratio <= 1 else {
        throw .invalidArgument("relative threshold", got: ratio, allowed: "0...1")
      }
    }
    // A list that has room for all blocks has it for forced ones.
    guard initialBlocks + localBlocks <= most || most >= rows.blocks else {
      throw .invalidArgument(
        "init + local", got: initialBlocks + localBlocks,
        allowed: "at most \(most), the blocks of a list, as forced ones count")
    }
    _ = try Shape(scoreDimensions).byteCount(of: .f64)
    _ = try Shape(indexDimensions).byteCount(of: .f64)
  }
}
