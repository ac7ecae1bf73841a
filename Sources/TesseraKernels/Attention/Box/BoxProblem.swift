package import TesseraCore

/// Any attention over boxes of tokens, dense or neighborhood, as the kernels of `Shaders/Attention` see
/// it: always three token axes, each of a kind of `attention_axis.h`.
package struct BoxProblem: Sendable, Hashable {
  /// What is added to scaled scores.
  package enum ScoreBias: Int, Sendable, Hashable {
    case none
    /// A table `[H, 2k − 1 per axis..]` by relative position.
    case table
    /// A slope per query head, times the distance, subtracted.
    case alibi
  }

  /// Exactly three.
  package var axes: [TokenAxis]
  package var batch: Int
  package var heads: Int
  package var kvHeads: Int
  package var headDim: Int
  package var valueDim: Int
  /// Additional keys per batch entry.
  package var extraKeys = 0
  package var scale: Float
  package var softCap: Float?
  package var scoreBias = ScoreBias.none
  package var keyMask = false
  /// Sequences of a packed batch, whose axis is the last; nil if it is not packed.
  package var sequences: Int?
  /// On a band, query 0 is centred on key 0 instead of the last on the last.
  package var topLeft = false
  /// Storage type of Q, K, V.
  package var dtype: DType
  /// Storage type of O and dO.
  package var outputDType: DType

  package var queryTokens: Int { axes.reduce(1) { $0 * $1.queries } }
  package var keyTokens: Int { axes.reduce(1) { $0 * $1.keys } }
  package var group: Int { kvHeads == 0 ? 0 : heads / kvHeads }
  /// Dilation groups: independent problems on interleaved tokens.
  package var groups: Int { axes.reduce(1) { $0 * $1.dilation } }

  /// Dense attention: one band.
  package init(_ problem: AttentionProblem) {
    // Limits past the last token are no limits; 2³⁰ leaves room for sums in 32 bits.
    let most = 1 << 30
    let band = TokenAxis(
      kind: .band, keys: problem.keyLength, queries: problem.queryLength,
      window: min(problem.windowLeft ?? most, most), stride: min(problem.right ?? most, most),
      topLeft: problem.alignment == .topLeft)
    self.init(
      axes: [.single, .single, band], batch: problem.packed ? 1 : problem.batch,
      heads: problem.heads, kvHeads: problem.kvHeads, headDim: problem.headDim,
      valueDim: problem.valueDim, scale: problem.scale, dtype: problem.dtype,
      outputDType: problem.outputDType)
    softCap = problem.softCap
    scoreBias = problem.alibi ? .alibi : .none
    sequences = problem.packed ? problem.batch : nil
    topLeft = problem.alignment == .topLeft
  }

  /// Attention to one key of every `queriesPerKey` tokens: query `i` sees keys `0 … (i + first) /
  /// queriesPerKey`, rounded down. Causality and windows of `problem` do not matter.
  package init(_ problem: AttentionProblem, queriesPerKey: Int, first: Int) {
    self.init(problem)
    topLeft = true
    axes[2] = TokenAxis(
      kind: .band, keys: problem.keyLength, queries: problem.queryLength,
      window: problem.keyLength, stride: 0, topLeft: true)
    axes[2].coarse = .init(queriesPerKey: queriesPerKey, first: first)
  }

  /// Neighborhood attention with its extensions.
  package init(_ problem: NeighborhoodProblem) {
    var axes: [TokenAxis] = []
    for (index, axis) in problem.axes.enumerated() {
      let queries = problem.queryLengths[index]
      // An axis of one token says nothing.
      if axis.length == 1, queries == 1 { continue }
      axes.append(
        TokenAxis(
          kind: problem.circular[index] ? .ring : axis.causal ? .causal : .sliding,
          keys: axis.length, queries: queries, window: axis.window, stride: axis.stride,
          dilation: axis.dilation))
    }
    axes = Array(repeating: .single, count: 3 - axes.count) + axes
    if problem.queryTokens == 0 {
      // Nobody attends: the gradients of keys and values are zeros.
      axes = [.single, .single, TokenAxis(kind: .band, keys: problem.tokens, queries: 0)]
    }
    self.init(
      axes: axes, batch: problem.batch, heads: problem.heads, kvHeads: problem.kvHeads,
      headDim: problem.headDim, valueDim: problem.valueDim, scale: problem.scale,
      dtype: problem.dtype, outputDType: problem.outputDType)
    extraKeys = problem.extraKeys
    scoreBias = problem.hasRelativeBias ? .table : .none
    keyMask = problem.hasKeyMask
  }

  private init(
    axes: [TokenAxis], batch: Int, heads: Int, kvHeads: Int, headDim: Int, valueDim: Int,
    scale: Float, dtype: DType, outputDType: DType
  ) {
    self.axes = axes
    self.batch = batch
    self.heads = heads
    self.kvHeads = kvHeads
    self.headDim = headDim
    self.valueDim = valueDim
    self.scale = scale
    self.dtype = dtype
    self.outputDType = outputDType
  }

  /// The additional keys by themselves: every query attends each of them, under the softmax of the whole.
  package var extraKeysAlone: BoxProblem {
    var result = self
    result.axes = [
      .single, .single, TokenAxis(kind: .band, keys: extraKeys, queries: queryTokens),
    ]
    result.extraKeys = 0
    result.scoreBias = .none
    result.keyMask = false
    return result
  }

  /// Pairs of a query and a key that meet, for one head of one batch entry, additional keys included;
  /// of a packed batch as if all sequences were equally long. Without regard to the key mask.
  package var pairs: Double {
    let extra = Double(queryTokens) * Double(extraKeys)
    guard let sequences else {
      return axes.reduce(1.0) { $0 * $1.pairs } + extra
    }
    guard sequences > 0 else { return 0 }
    var one = axes[2]
    one.queries /= sequences
    one.keys /= sequences
    return Double(sequences) * one.pairs + extra
  }
}
