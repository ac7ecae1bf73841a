public import TesseraCore

/// Keys and values of several sequences in pages of one pool.
///
/// Position `j` of sequence `b` lies in page `blockTable[b, j / page]` at place `j % page`. Positions
/// whose page number is outside `[0, P)` take no part, and what pages hold past a sequence's length is
/// never looked at. Keys and values each have their own element type, or are codes
/// (`QuantizationFormat`), whatever the type of the queries.
public struct PagedCache: Sendable {
  /// Pages `[P, page, Hkv, D]` of f32, f16 or bf16, or their codes.
  public let keys: Tensor
  /// Pages `[P, page, Hkv, Dv]`, or their codes.
  public let values: Tensor
  /// What the codes of keys are; nil if `keys` are elements.
  public let quantizedKeys: QuantizedTensor?
  /// What the codes of values are; nil if `values` are elements.
  public let quantizedValues: QuantizedTensor?
  /// The pages of each sequence, i32 `[B, maxPages]`.
  public let blockTable: Tensor
  /// Positions of each sequence, the new tokens' included, i32 `[B]`; cut to `[0, maxPages·page]`.
  public let lengths: Tensor

  /// A cache on the device. Operators check shapes and types against what they are used with.
  public init(keys: Tensor, values: Tensor, blockTable: Tensor, lengths: Tensor) {
    self.init(.elements(keys), .elements(values), blockTable: blockTable, lengths: lengths)
  }

  /// A cache whose keys or values, or both, are codes. A group of codes must not cross pages: the page
  /// size is a multiple of the format's `tokens`.
  public init(_ keys: Pages, _ values: Pages, blockTable: Tensor, lengths: Tensor) {
    (self.keys, quantizedKeys) = keys.parts
    (self.values, quantizedValues) = values.parts
    self.blockTable = blockTable
    self.lengths = lengths
  }

  /// What pages hold.
  public enum Pages: Sendable {
    /// Elements `[P, page, Hkv, D]`.
    case elements(Tensor)
    /// Codes of such.
    case codes(QuantizedTensor)

    fileprivate var parts: (Tensor, QuantizedTensor?) {
      switch self {
      case .elements(let tensor): (tensor, nil)
      case .codes(let quantized): (quantized.codes, quantized)
      }
    }
  }
}

/// What an attention over a paged cache attends and adds.
public struct PagedOptions: Sendable {
  /// Lists i32 `[B, Hl, W]` of blocks of `keyBlock` positions that a sequence's new tokens attend; `Hl`
  /// is 1, Hkv or H. Entries are a set; −1 and entries past the cache are ignored. nil attends all.
  public var indices: Tensor?
  /// How many entries of each list count, i32 `[B, Hl]`; nil counts all.
  public var counts: Tensor?
  /// Positions per entry of a list; the page size if nil.
  public var keyBlock: Int?
  /// Logits f32 `[H]`: `exp(sink)` is added to the softmax denominators of a head.
  public var sinks: Tensor?
  /// `c` of the cap `c·tanh(x / c)` on the scaled scores, above 0; nil does not cap.
  public var softCap: Float?
  /// Multiplies the scores; `D^-0.5` if nil. 0 means 0.
  public var scale: Float?
  /// Workgroups that share the keys of a sequence, merged in a fixed order; nil lets the planner choose.
  public var splits: Int?
  /// What the largest scores are about: kernels then need not find them key by key. Results are the same
  /// but for rounding, whatever it says. nil finds them.
  public var unifiedMaximum: UnifiedMaximum?
  /// Element type of the output; that of the queries if nil.
  public var output: DType?

  public init(
    indices: Tensor? = nil, counts: Tensor? = nil, keyBlock: Int? = nil, sinks: Tensor? = nil,
    softCap: Float? = nil, scale: Float? = nil, splits: Int? = nil,
    unifiedMaximum: UnifiedMaximum? = nil, output: DType? = nil
  ) {
    self.indices = indices
    self.counts = counts
    self.keyBlock = keyBlock
    self.sinks = sinks
    self.softCap = softCap
    self.scale = scale
    self.splits = splits
    self.unifiedMaximum = unifiedMaximum
    self.output = output
  }
}
