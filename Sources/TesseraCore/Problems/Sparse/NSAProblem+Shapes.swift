extension NSAProblem {
  package var queryDimensions: [Int] { [batch, queryLength, heads, headDim] }
  package var keyDimensions: [Int] { [batch, keyLength, kvHeads, headDim] }
  package var valueDimensions: [Int] { [batch, keyLength, kvHeads, valueDim] }
  package var outputDimensions: [Int] { [batch, queryLength, heads, valueDim] }
  package var lseDimensions: [Int] { [batch, queryLength, heads] }
  package var gateDimensions: [Int] { [batch, queryLength, heads, 3] }
  package var compressedKeyDimensions: [Int] { [batch, compressedLength, kvHeads, headDim] }
  package var compressedValueDimensions: [Int] { [batch, compressedLength, kvHeads, valueDim] }
  package var weightDimensions: [Int] { [kvHeads, span] }

  /// Describes native sparse attention for contiguous tensors with the usual sizes: l = 32, c = 16,
  /// l' = 64, n = 16 with the first block and the last two, w = 512.
  ///
  /// - Parameters:
  ///   - q: `[B, Nq, H, D]`.
  ///   - k: `[B, Nk, Hkv, D]`.
  ///   - v: `[B, Nk, Hkv, Dv]`.
  ///   - gates: `[B, Nq, H, 3]` of f32 or the type of q.
  ///   - scale: `D^-0.5` if nil.
  /// - Throws: `invalidArgument` naming the argument that does not fit.
  package init(
    q: (shape: Shape, dtype: DType), k: (shape: Shape, dtype: DType),
    v: (shape: Shape, dtype: DType), gates: (shape: Shape, dtype: DType), scale: Float? = nil
  ) throws(TesseraError) {
    let dense = try AttentionProblem(q: q, k: k, v: v, causal: true, scale: scale)
    guard !dense.packed else { throw .invalidArgument("q", got: q.shape, allowed: "[B, Nq, H, D]") }
    self.init(
      batch: dense.batch, queryLength: dense.queryLength, keyLength: dense.keyLength,
      heads: dense.heads, kvHeads: dense.kvHeads, headDim: dense.headDim,
      valueDim: dense.valueDim, scale: dense.scale, dtype: dense.dtype, gateDType: gates.dtype)
    guard gates.shape.dimensions == gateDimensions else {
      throw .invalidArgument("gates", got: "shape \(gates.shape)", allowed: "\(gateDimensions)")
    }
  }

  /// Checks the rules that hold between the numbers.
  /// - Throws: `invalidArgument` naming the first parameter that breaks one.
  package func validate() throws(TesseraError) {
    for (name, value, least) in [
      ("compress", span, 1), ("compress_stride", stride, 1), ("block", block, 1), ("top", top, 1),
      ("init", initialBlocks, 0), ("local", localBlocks, 0), ("window", window, 0),
    ] where !(least...(1 << 29)).contains(value) {
      throw .invalidArgument(name, got: value, allowed: "\(least)...\(1 << 29)")
    }
    guard span % stride == 0 else {
      throw .invalidArgument(
        "compress_stride", got: stride, allowed: "a divisor of the compression length, \(span)")
    }
    guard block % stride == 0, block >= span else {
      throw .invalidArgument(
        "block", got: block,
        allowed: "a multiple of the compression stride, \(stride), and at least \(span)")
    }
    guard gateDType == .f32 || gateDType == dtype else {
      throw .invalidArgument("gates element type", got: gateDType, allowed: "f32 or \(dtype), as q")
    }
    try windowed.validate()
    try rows.validate()
    try selection.validate()
    try selected.validate()
    for dimensions in [gateDimensions, compressedKeyDimensions, compressedValueDimensions] {
      _ = try Shape(dimensions).byteCount(of: .f64)
    }
  }
}
