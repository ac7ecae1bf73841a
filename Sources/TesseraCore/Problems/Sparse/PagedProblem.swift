/// Attention of a few new tokens per sequence over a cache of keys and values that lies in pages.
///
/// Shapes: Q `[B, Nq, H, D]` (or `[B, H, D]` for one token), pages of K `[P, page, Hkv, D]` and of V
/// `[P, page, Hkv, Dv]`, block table i32 `[B, maxPages]`, lengths i32 `[B]`, O `[B, Nq, H, Dv]`, LSE
/// `[B, Nq, H]` in f32. Optional: indices i32 `[B, Hl, W]` with counts i32 `[B, Hl]`, sinks f32 `[H]`.
/// Pages of K and of V may each have their own element type, or be codes with parameters
/// (`QuantizationFormat`) for whose vectors they stand.
///
/// Position `j` of sequence `b` lies in page `blockTable[b, j / page]` at place `j % page`, for `j` below
/// `lengths[b]`, which counts the new tokens' keys, too; a length is cut to `[0, maxPages·page]`, and
/// positions whose page number is outside `[0, P)` do not take part. What pages hold elsewhere is never
/// looked at. Query `i` stands at position `t = lengths[b] − Nq + i` and attends the positions
/// ```
/// j ≤ t,   and with lists: j / keyBlock in the list of (b, h·Hl / H)
/// S = cap(scale · q·k)      LSE = ln(Σ exp(S) + exp(sink_h))      O = Σ exp(S − LSE)·v
/// ```
/// `Hl` is 1, Hkv or H. Entries of a list are a set: order and duplicates do not matter, entries outside
/// `[0, ⌈maxPages·page / keyBlock⌉)` are ignored, and so is what lies at or past `counts`. A query that
/// attends nothing has O = 0; its LSE is −inf, or the sink.
///
/// Source: Kwon et al., "Efficient Memory Management for Large Language Model Serving with
/// PagedAttention" (2023).
package struct PagedProblem: Sendable, Hashable, Codable {
  /// Sequences, B.
  package var batch: Int
  /// New tokens per sequence, Nq.
  package var queryLength: Int
  /// Query heads, H.
  package var heads: Int
  /// Key and value heads, Hkv; divides `heads`.
  package var kvHeads: Int
  /// Length of a query and of a key, D: at most 512.
  package var headDim: Int
  /// Length of a value and of an output row, Dv: at most 512.
  package var valueDim: Int
  /// Pages in the cache, P.
  package var pages: Int
  /// Tokens per page.
  package var pageSize: Int
  /// Pages per sequence in the block table.
  package var maxPages: Int
  /// Lists per sequence, Hl: 1, Hkv or H; nil attends all positions.
  package var listHeads: Int?
  /// Entries per list, W.
  package var listWidth = 0
  /// Positions per entry of a list; `pageSize` for lists of pages.
  package var keyBlock: Int
  /// Whether there is a tensor that says how many entries of each list count.
  package var counts = false
  /// Whether there is a tensor `[H]` of sink logits.
  package var sinks = false
  /// Multiplies Q·Kᵀ.
  package var scale: Float
  /// `c` of the cap `c·tanh(x / c)`, above 0; nil does not cap.
  package var softCap: Float?
  /// What the largest scores are about, for kernels that make use of it; nil finds them.
  package var unifiedMaximum: UnifiedMaximum?
  /// Workgroups that share a sequence's keys; nil lets the planner choose.
  package var splits: Int?
  /// Storage type of Q: f32, f16 or bf16.
  package var dtype: DType
  /// How keys lie in their pages; as elements of Q's type if nil.
  package var keyStorage: VectorStorage?
  /// How values lie in their pages; as elements of Q's type if nil.
  package var valueStorage: VectorStorage?
  /// Storage type of O.
  package var outputDType: DType

  /// Query heads per KV head.
  package var group: Int { kvHeads == 0 ? 0 : heads / kvHeads }
  /// Most positions of a sequence.
  package var keyLength: Int { maxPages * pageSize }
  /// Shape of Q.
  package var queryDimensions: [Int] { [batch, queryLength, heads, headDim] }
  /// Shape of the pages of K, or of their codes.
  package var keyDimensions: [Int] { [pages, pageSize, kvHeads, keys.codes(of: headDim)] }
  /// Shape of the pages of V, or of their codes.
  package var valueDimensions: [Int] { [pages, pageSize, kvHeads, values.codes(of: valueDim)] }
  /// Shape of the parameters of K's codes; `[0]` without.
  package var keyParameterDimensions: [Int] {
    keys.parameterDimensions([pages, pageSize, kvHeads, headDim])
  }
  /// Shape of the parameters of V's codes; `[0]` without.
  package var valueParameterDimensions: [Int] {
    values.parameterDimensions([pages, pageSize, kvHeads, valueDim])
  }
  /// How keys lie in their pages.
  package var keys: VectorStorage { keyStorage ?? .plain(dtype) }
  /// How values lie in their pages.
  package var values: VectorStorage { valueStorage ?? .plain(dtype) }
  /// Whether pages hold anything but elements of Q's type.
  package var isMixed: Bool { keys != .plain(dtype) || values != .plain(dtype) }
  /// Shape of the block table.
  package var tableDimensions: [Int] { [batch, maxPages] }
  /// Shape of the lists' indices; empty without lists.
  package var indexDimensions: [Int] { listHeads.map { [batch, $0, listWidth] } ?? [] }
  /// Shape of the lists' counts; empty without lists.
  package var countDimensions: [Int] { listHeads.map { [batch, $0] } ?? [] }
  /// Shape of O.
  package var outputDimensions: [Int] { [batch, queryLength, heads, valueDim] }
  /// Shape of LSE.
  package var lseDimensions: [Int] { [batch, queryLength, heads] }
}
