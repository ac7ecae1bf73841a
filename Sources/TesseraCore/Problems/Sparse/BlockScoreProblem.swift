/// Scores of blocks of keys, for choosing among them.
///
/// Shapes: q `[B, Nq, H, D]`, k `[B, Nk, Hkv, D]` or, pooled already, `[B, M, Hkv, D]`; scores f32
/// `[B, Hkv, R, M]`, for the rows and blocks of `rows`.
///
/// A block's key is the mean of its keys, all of them whatever the row sees, and a row's query the mean of
/// its queries; both are rounded to the type of `q`. With `s[h, r, b] = scale · q[r, h] · k[b]` and the
/// `g = H/Hkv` query heads of a KV group,
/// ```
/// sum   Σh s        mean  Σh s / g        max  maxh s
/// vote  Σh exp(s[h, r, b]) / Σ exp(s[h, r, b']) over the blocks b' that the row sees
/// ```
/// Blocks that the row does not see have −inf.
///
/// Sources: Yuan et al., "Native Sparse Attention" (2025); Lai et al., "FlexPrefill" (2025) for pooled
/// queries and keys; Wu et al., "TokenSelect" (2024) for the vote.
package struct BlockScoreProblem: Sendable, Hashable, Codable {
  /// How scores of the heads of a KV group become one.
  package enum Reduction: String, Sendable, Hashable, Codable, CaseIterable {
    case sum, mean, max, vote
  }

  package var rows: BlockRows
  /// Sequences, B.
  package var batch: Int
  /// Query heads, H.
  package var heads: Int
  /// KV heads, Hkv; divides `heads`.
  package var kvHeads: Int
  /// Length of a query and of a key, D.
  package var headDim: Int
  /// Multiplies q·k.
  package var scale: Float
  package var reduction = Reduction.sum
  /// Whether `k` has one key per block.
  package var pooled = false
  /// Storage type of q and k: f32, f16 or bf16.
  package var dtype: DType

  /// Query heads per KV head, g.
  package var group: Int { kvHeads == 0 ? 0 : heads / kvHeads }
  package var queryDimensions: [Int] { [batch, rows.queryLength, heads, headDim] }
  package var keyDimensions: [Int] {
    [batch, pooled ? rows.blocks : rows.keyLength, kvHeads, headDim]
  }
  package var scoreDimensions: [Int] { [batch, kvHeads, rows.rows, rows.blocks] }

  /// Describes scores for contiguous tensors.
  ///
  /// - Parameters:
  ///   - q: `[B, Nq, H, D]`.
  ///   - k: `[B, Nk, Hkv, D]`, or `[B, M, Hkv, D]` if `keys` is given.
  ///   - keys: how many keys the pooled ones of `k` stand for; nil if they are not pooled.
  ///   - scale: `D^-0.5` if nil.
  /// - Throws: `invalidArgument` naming the argument that does not fit.
  package init(
    q: (shape: Shape, dtype: DType), k: (shape: Shape, dtype: DType), queryBlock: Int = 1,
    keyBlock: Int, keys: Int? = nil, reduction: Reduction = .sum, causal: Bool = false,
    alignment: AttentionProblem.Alignment = .bottomRight, scale: Float? = nil
  ) throws(TesseraError) {
    for (name, tensor) in [("q", q), ("k", k)] where tensor.shape.rank != 4 {
      throw .invalidArgument(
        name, got: "shape \(tensor.shape)",
        allowed: name == "q" ? "[B, Nq, H, D]" : "[B, Nk, Hkv, D]")
    }
    guard AttentionProblem.dtypes.contains(q.dtype) else {
      throw .invalidArgument("q element type", got: q.dtype, allowed: "f32, f16 or bf16")
    }
    guard k.dtype == q.dtype else {
      throw .invalidArgument("k element type", got: k.dtype, allowed: "\(q.dtype), as q")
    }
    for (axis, name) in [(0, "batch"), (3, "head dimension")] where k.shape[axis] != q.shape[axis] {
      throw .invalidArgument("k", got: "\(name) \(k.shape[axis])", allowed: "\(q.shape[axis]), as q")
    }
    let rows = BlockRows(
      queryLength: q.shape[1], keyLength: keys ?? k.shape[1], queryBlock: queryBlock,
      keyBlock: keyBlock, causal: causal, alignment: alignment)
    try rows.validate()
    if keys != nil, rows.blocks != k.shape[1] {
      throw .invalidArgument(
        "k", got: "\(k.shape[1]) pooled keys",
        allowed: "\(rows.blocks), one per \(keyBlock) of \(rows.keyLength) keys")
    }
    self.rows = rows
    (batch, heads, kvHeads, headDim) = (q.shape[0], q.shape[2], k.shape[2], q.shape[3])
    self.scale = scale ?? NeighborhoodProblem.defaultScale(q.shape[3])
    self.reduction = reduction
    pooled = keys != nil
    dtype = q.dtype
    try validate()
  }

  /// Checks the rules that hold between the numbers.
  /// - Throws: `invalidArgument` naming the first parameter that breaks one.
  package func validate() throws(TesseraError) {
    try rows.validate()
    guard kvHeads > 0 ? heads % kvHeads == 0 : heads == 0 else {
      throw .invalidArgument(
        "heads", got: "\(heads) query heads over \(kvHeads) KV heads",
        allowed: "a multiple of the KV heads")
    }
    guard (0...AttentionProblem.largestHeadDim).contains(headDim) else {
      throw .invalidArgument(
        "head dimension", got: headDim, allowed: "0...\(AttentionProblem.largestHeadDim)")
    }
    guard scale.isFinite else {
      throw .invalidArgument("scale", got: scale, allowed: "a finite number")
    }
    for dimensions in [queryDimensions, keyDimensions, scoreDimensions] {
      _ = try Shape(dimensions).byteCount(of: .f64)
    }
  }

  /// The selection from these scores.
  package func selection(
    _ rule: SelectionProblem.Rule, width: Int? = nil, initialBlocks: Int = 0, localBlocks: Int = 0
  ) -> SelectionProblem {
    SelectionProblem(
      rows: rows, batch: batch, listHeads: kvHeads, rule: rule, width: width,
      initialBlocks: initialBlocks, localBlocks: localBlocks)
  }
}
