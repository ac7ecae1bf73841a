/// One dense attention, fully described: `O = softmax(S)·V`, `LSE = ln Σ exp(S)`.
///
/// Shapes: Q `[B, Nq, H, D]`, K `[B, Nk, Hkv, D]`, V `[B, Nk, Hkv, Dv]`, O `[B, Nq, H, Dv]`, LSE
/// `[B, Nq, H]` in f32. Packed batches of variable length have one token axis instead: Q `[Tq, H, D]`,
/// K `[Tk, Hkv, D]`, V `[Tk, Hkv, Dv]`, O `[Tq, H, Dv]`, LSE `[Tq, H]`, and sequence `b` is tokens
/// `cuQ[b] ..< cuQ[b + 1]` of Q and `cuK[b] ..< cuK[b + 1]` of K and V. Query head `h` reads KV head
/// `h / (H/Hkv)`.
///
/// For query `i` and key `j` of one sequence with `Nq` queries and `Nk` keys, the query stands at
/// position `t = i + Nk − Nq` of the key axis (`bottomRight`) or at `t = i` (`topLeft`), and
/// ```
/// S[i, j] = cap(scale · q_i·k_j) − slope_h · |t − j|     cap(x) = c · tanh(x / c), or x
/// visible:  j ≤ t if causal;  t − left ≤ j ≤ t + right   (absent limits do not limit)
/// ```
/// Invisible keys take no part. A query without visible keys, and a packed token that belongs to no
/// sequence, has O = 0, LSE = −inf and zero gradients.
///
/// Sources: Vaswani et al., "Attention Is All You Need" (2017); Dao, "FlashAttention-2" (2023), whose
/// alignment, window and ALiBi term these are; Press et al., "Train Short, Test Long" (2022) for ALiBi;
/// the soft-cap is Gemma 2's (2024).
package struct AttentionProblem: Sendable, Hashable, Codable {
  /// Where query 0 stands on the key axis if there are not as many queries as keys.
  package enum Alignment: String, Sendable, Hashable, Codable, CaseIterable {
    /// The last query stands at the last key: query `i` at `i + Nk − Nq`.
    case bottomRight
    /// The first query stands at the first key: query `i` at `i`.
    case topLeft
  }

  /// Sequences. Of a packed batch: one less than the entries of its cumulative lengths.
  package var batch: Int
  /// Queries per sequence, Nq; of a packed batch the tokens of all sequences, Tq.
  package var queryLength: Int
  /// Keys per sequence, Nk; of a packed batch the tokens of all sequences, Tk.
  package var keyLength: Int
  /// Query heads, H.
  package var heads: Int
  /// Key and value heads, Hkv; divides `heads`.
  package var kvHeads: Int
  /// Length of a query and of a key, D: at most 512.
  package var headDim: Int
  /// Length of a value and of an output row, Dv: at most 512.
  package var valueDim: Int
  /// Multiplies Q·Kᵀ.
  package var scale: Float
  /// Whether a query sees no key after its own position.
  package var causal = false
  /// Where queries stand on the key axis; matters to `causal`, the window and ALiBi.
  package var alignment = Alignment.bottomRight
  /// Keys visible before the query's position; nil is all of them.
  package var windowLeft: Int?
  /// Keys visible after the query's position; nil is all of them.
  package var windowRight: Int?
  /// `c` of the cap `c·tanh(x / c)`, above 0; nil does not cap.
  package var softCap: Float?
  /// Whether there is a tensor `[H]` of ALiBi slopes in f32.
  package var alibi = false
  /// Whether sequences of different lengths lie one after another on one token axis, delimited by
  /// cumulative lengths `[B + 1]` in i32.
  package var packed = false
  /// Storage type of Q, K and V, and of their gradients: f32, f16 or bf16.
  package var dtype: DType
  /// Storage type of O.
  package var outputDType: DType

  /// Query heads per KV head.
  package var group: Int { kvHeads == 0 ? 0 : heads / kvHeads }
  /// Rows of Q's token axes: `B·Nq`, or `Tq` if packed.
  package var queryTokens: Int { packed ? queryLength : batch * queryLength }
  /// Rows of K's token axes: `B·Nk`, or `Tk` if packed.
  package var keyTokens: Int { packed ? keyLength : batch * keyLength }
  /// Shape of Q and dQ.
  package var queryDimensions: [Int] { tokenDimensions(queryLength) + [heads, headDim] }
  /// Shape of K and dK.
  package var keyDimensions: [Int] { tokenDimensions(keyLength) + [kvHeads, headDim] }
  /// Shape of V and dV.
  package var valueDimensions: [Int] { tokenDimensions(keyLength) + [kvHeads, valueDim] }
  /// Shape of O and dO.
  package var outputDimensions: [Int] { tokenDimensions(queryLength) + [heads, valueDim] }
  /// Shape of LSE.
  package var lseDimensions: [Int] { tokenDimensions(queryLength) + [heads] }

  private func tokenDimensions(_ length: Int) -> [Int] { packed ? [length] : [batch, length] }
}
