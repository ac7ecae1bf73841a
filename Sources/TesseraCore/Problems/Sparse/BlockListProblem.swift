/// Attention over lists of key blocks: every block of queries attends the key blocks that its list names.
///
/// Shapes: those of `attention`, and `indices` i32 `[B, Hl, R, W]`, `counts` i32 `[B, Hl, R]`, sinks f32
/// `[H]`. Of a packed batch `indices` is `[Hl, R, W]` and `counts` `[Hl, R]`. `Hl` is 1, Hkv or H: one
/// list for all heads, one per KV head, or one per query head; query head `h` reads list `h·Hl / H`.
///
/// Row `r` of a list speaks for queries `[r·queryBlock, (r + 1)·queryBlock)`, entry `b` of it names keys
/// `[b·keyBlock, (b + 1)·keyBlock)`. Of a packed batch rows and blocks count within a sequence: row `r`
/// of sequence `s` is row `Σ_{s' < s} ⌈Nq_{s'} / queryBlock⌉ + r` of the tensor, and rows after the last
/// one say nothing.
///
/// Entries of a row are a set. Their order does not matter, duplicates count once, entries outside
/// `[0, ⌈Nk / keyBlock⌉)` are ignored, and so is what lies at or past `counts`. Query `i` at position `t`
/// of the key axis and key `j` attend each other if
/// ```
/// (j / keyBlock in the list of i's row,  or  t − addedLeft ≤ j ≤ t + addedRight)  and  (j ≤ t if causal)
/// S = cap(scale · q·k)      LSE = ln(Σ exp(S) + exp(sink_h))      O = Σ exp(S − LSE)·v
/// ```
/// A query that attends nothing has O = 0 and zero gradients; its LSE is −inf, or the sink.
///
/// Sources: Yuan et al., "Native Sparse Attention" (2025), for lists per query and KV head; Guo et al.,
/// "Block Sparse Attention" (2024), for lists per block of queries; Xiao et al., "Efficient Streaming
/// Language Models with Attention Sinks" (2023), and gpt-oss (2025) for the sink logit.
package struct BlockListProblem: Sendable, Hashable, Codable {
  /// Tensors, heads, scale, causality, alignment, soft-cap, packing and types. It has no window and no
  /// ALiBi slopes.
  package var attention: AttentionProblem
  /// Queries per row of a list.
  package var queryBlock: Int
  /// Keys per entry of a list.
  package var keyBlock: Int
  /// Lists per sequence, Hl: 1, Hkv or H.
  package var listHeads: Int
  /// Rows per list, R.
  package var listRows: Int
  /// Entries per row, W.
  package var listWidth: Int
  /// Whether there is a tensor that says how many entries of each row count.
  package var counts = false
  /// Keys before the query's position that it attends whatever its list says; nil adds no window.
  /// Either both limits are nil or none.
  package var addedLeft: Int?
  /// Keys after the query's position that it attends whatever its list says.
  package var addedRight: Int?
  /// Whether there is a tensor `[H]` of sink logits.
  package var sinks = false

  /// Blocks on the key axis of one sequence, cut ones included; of a packed batch the most there can be
  /// in all sequences together.
  package var keyBlocks: Int {
    let whole = (attention.keyLength + keyBlock - 1) / keyBlock
    return attention.packed ? min(attention.keyLength, whole + attention.batch) : whole
  }
  /// Query heads that share a list and a KV head.
  package var headsPerList: Int {
    listHeads == attention.heads ? 1 : attention.group
  }
  /// Shape of the lists' indices.
  package var indexDimensions: [Int] {
    (attention.packed ? [] : [attention.batch]) + [listHeads, listRows, listWidth]
  }
  /// Shape of the lists' counts.
  package var countDimensions: [Int] { indexDimensions.dropLast() }
}
