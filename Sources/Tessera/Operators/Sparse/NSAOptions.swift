import TesseraCore

/// The sizes of native sparse attention, and tensors that not every model has.
public struct NSAOptions: Sendable {
  /// Where compressed keys and values come from.
  public enum Compression: Sendable {
    /// The mean of their tokens.
    case mean
    /// A sum weighted by f32 `[Hkv, span]`.
    case weighted(Tensor)
    /// The caller: `[B, J, Hkv, D]` and `[B, J, Hkv, Dv]`, `J = (Nk − span) / stride + 1`.
    case given(keys: Tensor, values: Tensor)
  }

  /// Tokens of a compressed key, l.
  public var span: Int
  /// Tokens from one compressed key to the next, c: divides `span` and `block`.
  public var stride: Int
  /// Keys of a selected block, l': at least `span`.
  public var block: Int
  /// Blocks that are selected for a query, n, forced ones included.
  public var top: Int
  /// Blocks from the first that are always selected.
  public var initial: Int
  /// Blocks up to the query's own that are always selected.
  public var local: Int
  /// Keys of the sliding window, the query's own included; 0 leaves that branch out.
  public var window: Int
  public var compression: Compression
  /// Keys and values of the window branch, of the shapes of k and v; nil takes k and v.
  public var windowTensors: (keys: Tensor, values: Tensor)?
  /// Multiplies the scores of all branches; `D^-0.5` if nil.
  public var scale: Float?

  /// The usual sizes.
  public init(
    span: Int = 32, stride: Int = 16, block: Int = 64, top: Int = 16, initial: Int = 1,
    local: Int = 2, window: Int = 512, compression: Compression = .mean,
    windowTensors: (keys: Tensor, values: Tensor)? = nil, scale: Float? = nil
  ) {
    self.span = span
    self.stride = stride
    self.block = block
    self.top = top
    self.initial = initial
    self.local = local
    self.window = window
    self.compression = compression
    self.windowTensors = windowTensors
    self.scale = scale
  }
}

extension NSAOptions {
  /// Describes native sparse attention of these tensors.
  func problem(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, _ gates: Tensor
  ) throws(TesseraError) -> NSAProblem {
    var problem = try NSAProblem(
      q: (q.shape, q.dtype), k: (k.shape, k.dtype), v: (v.shape, v.dtype),
      gates: (gates.shape, gates.dtype), scale: scale)
    (problem.span, problem.stride, problem.block) = (span, stride, block)
    (problem.top, problem.initialBlocks, problem.localBlocks) = (top, initial, local)
    problem.window = window
    problem.ownWindow = windowTensors != nil && window > 0
    switch compression {
    case .mean: problem.compression = .mean
    case .weighted: problem.compression = .weighted
    case .given: problem.compression = .given
    }
    try problem.validate()
    return problem
  }

  /// The inputs in the order of `Plan.NSAOperand`.
  func inputs(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, _ gates: Tensor
  ) -> [(name: String, tensor: Tensor?)] {
    var (weights, keys, values): (Tensor?, Tensor?, Tensor?)
    switch compression {
    case .mean: break
    case .weighted(let tensor): weights = tensor
    case .given(let k, let v): (keys, values) = (k, v)
    }
    let own = window > 0 ? windowTensors : nil
    return [
      ("q", q), ("k", k), ("v", v), ("gates", gates), ("k_win", own?.keys), ("v_win", own?.values),
      ("compression weights", weights), ("k_cmp", keys), ("v_cmp", values),
    ]
  }
}
