/// Vectors packed with their largest elements alone, or packed ones as vectors; the rule is `PruningFormat`'s.
package struct PruningProblem: Sendable, Hashable, Codable {
  /// Sequences, B.
  package var batch: Int
  /// Tokens of a sequence, whole blocks.
  package var tokens: Int
  package var heads: Int
  package var headDim: Int
  package var format: PruningFormat
  /// Type of the elements: f32, f16 or bf16.
  package var dtype: DType
  /// Whether packed vectors become whole ones.
  package var unpacking: Bool

  /// Describes packing of `x`, or with `unpacking` making it.
  /// - Throws: `invalidArgument` naming what does not fit.
  package init(
    x: (shape: Shape, dtype: DType), _ format: PruningFormat, unpacking: Bool
  ) throws(TesseraError) {
    guard x.shape.rank == 4 else {
      throw .invalidArgument("x", got: "shape \(x.shape)", allowed: "[B, N, H, D]")
    }
    guard AttentionProblem.dtypes.contains(x.dtype) else {
      throw .invalidArgument("x element type", got: x.dtype, allowed: "f32, f16 or bf16")
    }
    guard (0...1).contains(format.sparsity) else {
      throw .invalidArgument("sparsity", got: format.sparsity, allowed: "0...1")
    }
    (batch, tokens, heads, headDim) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    guard headDim > 0, headDim % 64 == 0, headDim <= AttentionProblem.largestHeadDim else {
      throw .invalidArgument(
        "head dimension", got: headDim,
        allowed: "a multiple of 64, at most \(AttentionProblem.largestHeadDim)")
    }
    guard tokens % PruningFormat.block == 0 else {
      throw .invalidArgument("tokens", got: tokens, allowed: "whole blocks of \(PruningFormat.block)")
    }
    self.format = format
    dtype = x.dtype
    self.unpacking = unpacking
  }

  /// Blocks of one head of a sequence.
  package var blocks: Int { tokens / PruningFormat.block }
  /// Blocks of all.
  package var units: Int { batch * heads * blocks }
  package var capacity: Int { format.capacity(of: headDim) }
  /// Shape of the whole vectors.
  package var dimensions: [Int] { [batch, tokens, heads, headDim] }
  /// Shape of the bitmaps.
  package var bitmapDimensions: [Int] { [batch, heads, blocks, headDim] }
  /// Shape of the offsets.
  package var offsetDimensions: [Int] { [batch, heads, blocks, headDim + 1] }
  /// Shape of the elements that stay.
  package var valueDimensions: [Int] { [batch, heads, blocks, capacity] }
}
