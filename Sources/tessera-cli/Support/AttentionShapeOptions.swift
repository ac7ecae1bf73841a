import ArgumentParser
import Tessera

/// The shapes of queries, keys and values, as every `plan` of an attention takes them.
struct AttentionShapeOptions: ParsableArguments {
  @Option(help: "Sequences.") var batch = 1
  @Option(help: "Queries per sequence.") var queries: Int
  @Option(help: "Keys per sequence. Default: as many as queries.") var keys: Int?
  @OptionGroup var heads: HeadShapeOptions

  var kvHeads: Int { heads.kvHeads ?? heads.heads }
  var dtype: DType { heads.dtype }

  /// Shape and type of q, k and v: `[B, Nq, H, D]`, `[B, Nk, Hkv, D]`, `[B, Nk, Hkv, Dv]`.
  func tensors() throws(TesseraError) -> HeadShapeOptions.Tensors {
    let keys = keys ?? queries
    return HeadShapeOptions.Tensors(
      q: (try Shape([batch, queries, heads.heads, heads.headDim]), dtype),
      k: (try Shape([batch, keys, kvHeads, heads.headDim]), dtype),
      v: (try Shape([batch, keys, kvHeads, heads.valueDim ?? heads.headDim]), dtype))
  }
}

/// Heads, their lengths and the element type.
struct HeadShapeOptions: ParsableArguments {
  /// Shapes and types of what an attention reads.
  struct Tensors {
    var q: (shape: Shape, dtype: DType)
    var k: (shape: Shape, dtype: DType)
    var v: (shape: Shape, dtype: DType)
  }

  @Option(help: "Query heads.") var heads = 1
  @Option(help: "Heads of k and v; divides --heads. Default: --heads.") var kvHeads: Int?
  @Option(help: "Length of a query and of a key.") var headDim = 64
  @Option(help: "Length of a value. Default: --head-dim.") var valueDim: Int?
  @Option(help: "Element type of q, k and v: f32, f16 or bf16.") var dtype: DType = .f32
}
