/// Attention of one new token per sequence over packed keys and values (`PruningFormat`) and, behind them,
/// whole ones.
///
/// Q `[B, H, D]`; packed K and V of `blocks` blocks; recent K `[B, R, Hkv, D]` and V `[B, R, Hkv, Dv]`, in the
/// types of the packed ones; O `[B, H, Dv]`, LSE f32 `[B, H]`. With k and v as the packed vectors unpacked,
/// followed by the recent ones:
/// ```
/// S = scale · q·k      LSE = ln Σ exp(S)      O = Σ exp(S − LSE)·v
/// ```
/// Without any token O is 0 and LSE −inf.
package struct PrunedAttentionProblem: Sendable, Hashable, Codable {
  /// Packing of the keys; sequences, KV heads and blocks are those of both.
  package var keys: PruningProblem
  /// Packing of the values.
  package var values: PruningProblem
  /// Query heads, H; a multiple of the KV heads.
  package var heads: Int
  /// Tokens behind the packed ones, R.
  package var recent: Int
  /// Multiplies Q·Kᵀ.
  package var scale: Float
  /// Workgroups that share a sequence's blocks; nil lets the planner choose.
  package var splits: Int?
  /// Type of Q: f32, f16 or bf16.
  package var dtype: DType
  /// Type of O.
  package var outputDType: DType

  /// - Throws: `invalidArgument` naming what does not fit.
  package init(
    q: (shape: Shape, dtype: DType), keys: PruningProblem, values: PruningProblem,
    recentKeys: (shape: Shape, dtype: DType)? = nil,
    recentValues: (shape: Shape, dtype: DType)? = nil, scale: Float? = nil, splits: Int? = nil,
    output: DType? = nil
  ) throws(TesseraError) {
    guard q.shape.rank == 3, q.shape[0] == keys.batch, q.shape[2] == keys.headDim else {
      throw .invalidArgument(
        "q", got: "shape \(q.shape)", allowed: "[B, H, D] = [\(keys.batch), H, \(keys.headDim)]")
    }
    let output = output ?? q.dtype
    for (name, type) in [("q", q.dtype), ("output", output)]
    where !AttentionProblem.dtypes.contains(type) {
      throw .invalidArgument("\(name) element type", got: type, allowed: "f32, f16 or bf16")
    }
    guard keys.format.tiles == .keys, values.format.tiles == .values else {
      throw .invalidArgument(
        "tiles", got: "\(keys.format.tiles) and \(values.format.tiles)",
        allowed: "keys packed as keys and values as values")
    }
    guard
      (values.batch, values.heads, values.tokens) == (keys.batch, keys.heads, keys.tokens)
    else {
      throw .invalidArgument(
        "values", got: "[\(values.batch), \(values.tokens), \(values.heads), Dv]",
        allowed: "[\(keys.batch), \(keys.tokens), \(keys.heads), Dv], as the keys")
    }
    guard keys.heads > 0, q.shape[1] % keys.heads == 0 else {
      throw .invalidArgument(
        "q", got: "\(q.shape[1]) heads", allowed: "a multiple of the \(keys.heads) KV heads")
    }
    guard (recentKeys == nil) == (recentValues == nil) else {
      throw .invalidArgument("recent tokens", got: "one tensor", allowed: "keys and values, or none")
    }
    recent = recentKeys?.shape.rank == 4 ? recentKeys?.shape[1] ?? 0 : 0
    for (name, tensor, packed) in [
      ("recent keys", recentKeys, keys), ("recent values", recentValues, values),
    ] {
      guard let tensor else { continue }
      let expected = [packed.batch, recent, packed.heads, packed.headDim]
      guard tensor.shape.dimensions == expected, tensor.dtype == packed.dtype else {
        throw .invalidArgument(
          name, got: "\(tensor.dtype) of shape \(tensor.shape)",
          allowed: "\(packed.dtype) [\(packed.batch), R, \(packed.heads), \(packed.headDim)]")
      }
    }
    if let splits, splits < 1 {
      throw .invalidArgument("splits", got: splits, allowed: "1 or more, or none")
    }
    self.keys = keys
    self.values = values
    heads = q.shape[1]
    self.scale = scale ?? NeighborhoodProblem.defaultScale(keys.headDim)
    self.splits = splits
    dtype = q.dtype
    outputDType = output
  }

  package var batch: Int { keys.batch }
  package var kvHeads: Int { keys.heads }
  package var headDim: Int { keys.headDim }
  package var valueDim: Int { values.headDim }
  package var blocks: Int { keys.blocks }
  /// Query heads per KV head.
  package var group: Int { heads / kvHeads }
  package var queryDimensions: [Int] { [batch, heads, headDim] }
  package var recentKeyDimensions: [Int] { [batch, recent, kvHeads, headDim] }
  package var recentValueDimensions: [Int] { [batch, recent, kvHeads, valueDim] }
  package var outputDimensions: [Int] { [batch, heads, valueDim] }
  package var lseDimensions: [Int] { [batch, heads] }
}
