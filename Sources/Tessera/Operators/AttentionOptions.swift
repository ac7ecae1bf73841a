import TesseraCore

/// What a dense attention masks and adds. Without anything set, every query attends every key.
public struct AttentionOptions: Sendable {
  /// Where query 0 stands on the key axis if there are not as many queries as keys.
  public enum Alignment: String, Sendable, Hashable, CaseIterable {
    /// The last query stands at the last key: query `i` at `i + Nk − Nq`.
    case bottomRight
    /// The first query stands at the first key: query `i` at `i`.
    case topLeft
  }

  /// Whether a query sees no key after its own position.
  public var causal: Bool
  /// Where the queries stand; matters to `causal`, `window` and `alibi`.
  public var alignment: Alignment
  /// Keys visible before and after the query's position; nil does not limit that side.
  public var window: (left: Int?, right: Int?)
  /// `c` of the cap `c·tanh(x / c)` on the scaled scores, above 0; nil does not cap.
  public var softCap: Float?
  /// Slopes `[H]`, f32: `slope · |t − j|` is subtracted from the score of a query at position `t` and a
  /// key at `j`.
  public var alibi: Tensor?
  /// Sequences of different lengths, one after another on one token axis; nil is a plain batch.
  public var sequences: PackedSequences?
  /// Multiplies the scores; `D^-0.5` if nil. 0 means 0.
  public var scale: Float?
  /// Element type of the output; that of the queries if nil. Gradients follow the given output instead.
  public var output: DType?

  public init(
    causal: Bool = false, alignment: Alignment = .bottomRight,
    window: (left: Int?, right: Int?) = (nil, nil), softCap: Float? = nil, alibi: Tensor? = nil,
    sequences: PackedSequences? = nil, scale: Float? = nil, output: DType? = nil
  ) {
    self.causal = causal
    self.alignment = alignment
    self.window = window
    self.softCap = softCap
    self.alibi = alibi
    self.sequences = sequences
    self.scale = scale
    self.output = output
  }
}

extension AttentionOptions {
  /// Describes the attention of these tensors.
  func problem(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, output: DType?
  ) throws(TesseraError) -> AttentionProblem {
    let problem = try AttentionProblem(
      q: (q.shape, q.dtype), k: (k.shape, k.dtype), v: (v.shape, v.dtype),
      alibi: alibi.map { ($0.shape, $0.dtype) },
      cuQ: sequences.map { ($0.queries.shape, $0.queries.dtype) },
      cuK: sequences.map { ($0.keys.shape, $0.keys.dtype) }, causal: causal,
      alignment: alignment == .topLeft ? .topLeft : .bottomRight, windowLeft: window.left,
      windowRight: window.right, softCap: softCap, scale: scale, output: output)
    if let known = sequences?.known {
      try problem.validate(cumulative: known.queries, name: "cu_q", tokens: problem.queryLength)
      try problem.validate(cumulative: known.keys, name: "cu_k", tokens: problem.keyLength)
    }
    return problem
  }
}
