/// Native sparse attention: three attentions of the same queries, gated and summed.
///
/// Shapes: q `[B, Nq, H, D]`, k `[B, Nk, Hkv, D]`, v `[B, Nk, Hkv, Dv]`, gates `[B, Nq, H, 3]`; o and each
/// branch `[B, Nq, H, Dv]`. Query `i` stands at position `t = i + Nk − Nq`; `g = H/Hkv`.
/// ```
/// 1 compression   K_j = Σ w_i · k[j·c + i],  V_j likewise,  0 ≤ j ≤ (Nk − l)/c,  0 ≤ i < l
/// 2 compressed    attention to K_j, V_j with t ≥ j·c + l − 1; none visible: o_cmp = 0
/// 3 importance    p[b] = Σ over the group Σ_o w_o · P[α·b − (β − 1) + o],  α = l'/c,  β = l/c
///                 w_o = #{(m, n): m + n = o, 0 ≤ m < β, 0 ≤ n < α},  P the weights of 2
/// 4 selection     n blocks of l' keys with b ≤ t/l': the first `initial`, the last `local`, best p
/// 5 selected      causal attention to the keys of these blocks
/// 6 window        causal attention to the last w keys, the query's own included; maybe of k, v of its own
/// 7 o = gates_0 · o_cmp + gates_1 · o_slc + gates_2 · o_win
/// ```
/// Compressed keys and values are rounded to the type of q. Selection has no gradient.
///
/// Source: Yuan et al., "Native Sparse Attention" (2025).
package struct NSAProblem: Sendable, Hashable, Codable {
  /// Where compressed keys and values come from.
  package enum Compression: String, Sendable, Hashable, Codable, CaseIterable {
    /// The mean of their tokens.
    case mean
    /// A sum weighted by a tensor `[Hkv, l]` in f32.
    case weighted
    /// The caller: `[B, J, Hkv, D]` and `[B, J, Hkv, Dv]`.
    case given
  }

  /// Sequences, B.
  package var batch: Int
  /// Queries of a sequence, Nq.
  package var queryLength: Int
  /// Keys of a sequence, Nk.
  package var keyLength: Int
  /// Query heads, H.
  package var heads: Int
  /// KV heads, Hkv; divides `heads`.
  package var kvHeads: Int
  /// Length of a query and of a key, D.
  package var headDim: Int
  /// Length of a value, Dv.
  package var valueDim: Int
  /// Multiplies q·k in all branches.
  package var scale: Float
  /// Storage type of all tensors but gates: f32, f16 or bf16.
  package var dtype: DType
  /// Storage type of gates and their gradients.
  package var gateDType: DType
  /// Tokens of a compressed key, l.
  package var span = 32
  /// Tokens from one compressed key to the next, c; divides `span` and `block`.
  package var stride = 16
  /// Keys of a selected block, l'; at least `span`.
  package var block = 64
  /// Blocks that are selected, n.
  package var top = 16
  /// Blocks from the first that are always selected.
  package var initialBlocks = 1
  /// Blocks up to the query's own that are always selected.
  package var localBlocks = 2
  /// Keys of the window, w; 0 for no window branch.
  package var window = 512
  package var compression = Compression.mean
  /// Whether the window has keys and values of its own.
  package var ownWindow = false

  /// Query heads per KV head, g.
  package var group: Int { kvHeads == 0 ? 0 : heads / kvHeads }
  /// Compressed keys of a sequence, J.
  package var compressedLength: Int { keyLength < span ? 0 : (keyLength - span) / stride + 1 }
  /// Compressed keys per selected block, α.
  package var alpha: Int { block / stride }
  /// Windows of compression that overlap, β.
  package var beta: Int { span / stride }
  /// Position of query 0 on the key axis.
  package var shift: Int { keyLength - queryLength }

  /// Rows and blocks of the selection.
  package var rows: BlockRows {
    BlockRows(queryLength: queryLength, keyLength: keyLength, keyBlock: block, causal: true)
  }
  /// The selection.
  package var selection: SelectionProblem {
    SelectionProblem(
      rows: rows, batch: batch, listHeads: kvHeads, rule: .topK(top), initialBlocks: initialBlocks,
      localBlocks: localBlocks)
  }
  /// The compressed branch, but for which query sees which key.
  package var compressed: AttentionProblem {
    var problem = windowed
    problem.keyLength = compressedLength
    (problem.causal, problem.windowLeft) = (false, nil)
    return problem
  }
  /// The window branch.
  package var windowed: AttentionProblem {
    AttentionProblem(
      batch: batch, queryLength: queryLength, keyLength: keyLength, heads: heads,
      kvHeads: kvHeads, headDim: headDim, valueDim: valueDim, scale: scale, causal: true,
      windowLeft: max(window - 1, 0), dtype: dtype, outputDType: dtype)
  }
  /// The selected branch.
  package var selected: BlockListProblem {
    var attention = windowed
    attention.windowLeft = nil
    return BlockListProblem(
      attention: attention, queryBlock: 1, keyBlock: block, listHeads: kvHeads,
      listRows: queryLength, listWidth: top, counts: true)
  }

  /// Whether query `i` sees compressed key `j`.
  package func sees(_ i: Int, _ j: Int) -> Bool { i + shift >= j * stride + span - 1 }
}
