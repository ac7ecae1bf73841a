import TesseraCore
import TesseraKernels

/// What an attention over block lists masks and adds to its lists.
public struct BlockListOptions: Sendable {
  /// How the attention is computed; results are equal.
  public enum Schedule: String, Sendable, Hashable, CaseIterable {
    /// The planner chooses.
    case auto
    /// Queries that share a list run over the blocks that it names: best for large groups of queries
    /// and heads.
    case query
    /// Blocks of keys run over the queries that name them: best for small groups.
    case kv
  }

  /// Whether a query sees no key after its own position, inside blocks too.
  public var causal: Bool
  /// Where query 0 stands on the key axis; matters to `causal` and `window`.
  public var alignment: AttentionOptions.Alignment
  /// Keys before and after a query's position that it attends whatever its list says; nil adds none.
  public var window: (left: Int, right: Int)?
  /// Logits f32 `[H]`: `exp(sink)` is added to the softmax denominators of a head.
  public var sinks: Tensor?
  /// `c` of the cap `c·tanh(x / c)` on the scaled scores, above 0; nil does not cap.
  public var softCap: Float?
  /// Sequences of different lengths, one after another on one token axis; nil is a plain batch.
  public var sequences: PackedSequences?
  /// Multiplies the scores; `D^-0.5` if nil. 0 means 0.
  public var scale: Float?
  /// Element type of the output; that of the queries if nil. Gradients follow the given output instead.
  public var output: DType?
  /// How it is computed.
  public var schedule: Schedule

  public init(
    causal: Bool = false, alignment: AttentionOptions.Alignment = .bottomRight,
    window: (left: Int, right: Int)? = nil, sinks: Tensor? = nil, softCap: Float? = nil,
    sequences: PackedSequences? = nil, scale: Float? = nil, output: DType? = nil,
    schedule: Schedule = .auto
  ) {
    self.causal = causal
    self.alignment = alignment
    self.window = window
    self.sinks = sinks
    self.softCap = softCap
    self.sequences = sequences
    self.scale = scale
    self.output = output
    self.schedule = schedule
  }
}

extension BlockListOptions {
  /// Describes the attention of these tensors.
  func problem(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, _ lists: BlockList, output: DType?
  ) throws(TesseraError) -> BlockListProblem {
    let attention = AttentionOptions(
      causal: causal, alignment: alignment, softCap: softCap, sequences: sequences, scale: scale)
    let problem = try BlockListProblem(
      attention: try attention.problem(q, k, v, output: output),
      indices: (lists.indices.shape, lists.indices.dtype),
      counts: lists.counts.map { ($0.shape, $0.dtype) },
      sinks: sinks.map { ($0.shape, $0.dtype) }, queryBlock: lists.queryBlock,
      keyBlock: lists.keyBlock, window: window)
    if let known = sequences?.known { try problem.validate(rowsOf: known.queries) }
    return problem
  }
}

extension BlockListOptions.Schedule {
  /// The planner's word for it.
  var planned: BlockListSchedule {
    switch self {
    case .auto: .auto
    case .query: .query
    case .kv: .kv
    }
  }
}
