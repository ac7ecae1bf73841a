extension NeighborhoodProblem {
  /// What neighborhood attention can do beyond the plain operator. Definitions are in
  /// `Documentation/Operators/neighborhood-extensions.md`.
  package struct Extensions: Sendable, Hashable, Codable {
    /// Whether a table `[H, 2k − 1 per axis..]` in f32 is added to the scores, by relative position.
    package var relativeBias = false
    /// Whether a table `[B, X.. of K]` says which keys may be attended.
    package var keyMask = false
    /// Per axis, whether it is a ring: windows wrap around its ends instead of moving inside.
    package var circular: [Bool]
    /// Per axis, the queries along it; `Axis.length` counts the keys.
    package var queryLengths: [Int]

    package init(
      relativeBias: Bool = false, keyMask: Bool = false, circular: [Bool], queryLengths: [Int]
    ) {
      self.relativeBias = relativeBias
      self.keyMask = keyMask
      self.circular = circular
      self.queryLengths = queryLengths
    }
  }

  /// Whether this is the plain operator: no bias, no mask, no rings, one grid.
  package var isPlain: Bool { extensions == nil }
  /// Whether there is a relative-position bias.
  package var hasRelativeBias: Bool { extensions?.relativeBias ?? false }
  /// Whether there is a key mask.
  package var hasKeyMask: Bool { extensions?.keyMask ?? false }
  /// Per axis, whether it is a ring.
  package var circular: [Bool] { extensions?.circular ?? axes.map { _ in false } }
  /// Per axis, the queries along it.
  package var queryLengths: [Int] { extensions?.queryLengths ?? axes.map(\.length) }
  /// Queries per batch entry.
  package var queryTokens: Int { queryLengths.reduce(1, *) }
  /// Shape of the relative-position bias: `[H, 2k − 1 per axis..]`.
  package var biasDimensions: [Int] {
    // The window of an empty axis has no bound but Int.
    [heads] + axes.map { $0.window > Int.max / 2 ? Int.max : 2 * $0.window - 1 }
  }
  /// Shape of the key mask: `[B, X..]`.
  package var maskDimensions: [Int] { [batch] + axes.map(\.length) }

  /// The key position that query `i` of an axis is centred on: its own on a common grid; the key whose
  /// cell it lies in if there are `r` queries per key; if there are `r` keys per query, the middle of
  /// its cell of keys, or on a causal axis the last of them.
  package func center(of i: Int, axis: Int) -> Int {
    let (keys, queries) = (axes[axis].length, queryLengths[axis])
    if queries >= keys { return keys == 0 ? 0 : i / (queries / keys) }
    let r = queries == 0 ? 1 : keys / queries
    return i * r + (axes[axis].causal ? r - 1 : r / 2)
  }

  /// Describes neighborhood attention with extensions over contiguous tensors. The token axes of the
  /// keys come from `k`, those of the queries from `q`; everything else is as in the plain operator.
  ///
  /// - Parameters:
  ///   - q: `[B, Y.., H, D]`; along each axis Y = X, or one is a multiple of the other.
  ///   - k: `[B, X.., Hkv, D]`.
  ///   - v: `[B, X.., Hkv, Dv]`.
  ///   - bias: `[H, 2k − 1 per axis..]`, f32.
  ///   - keyMask: `[B, X..]`, bool; true for keys that take part.
  ///   - circular: one value per axis, or one for all.
  /// - Throws: `invalidArgument` naming the argument that does not fit.
  package init(
    q: (shape: Shape, dtype: DType), k: (shape: Shape, dtype: DType),
    v: (shape: Shape, dtype: DType), extraK: (shape: Shape, dtype: DType)? = nil,
    extraV: (shape: Shape, dtype: DType)? = nil, bias: (shape: Shape, dtype: DType)?,
    keyMask: (shape: Shape, dtype: DType)?, circular: [Bool], window: [Int], stride: [Int] = [1],
    dilation: [Int] = [1], causal: [Bool] = [false], scale: Float? = nil, output: DType? = nil
  ) throws(TesseraError) {
    guard (4...6).contains(q.shape.rank) else {
      throw .invalidArgument(
        "q", got: "shape \(q.shape)", allowed: "[B, X.., H, D] with one to three token axes")
    }
    guard k.shape.rank == q.shape.rank, k.shape[0] == q.shape[0] else {
      throw .invalidArgument(
        "k", got: "shape \(k.shape)",
        allowed: "[B, X.., Hkv, D] with the B and axes of q, \(q.shape)")
    }
    let queryLengths = Array(q.shape.dimensions[1..<(q.shape.rank - 2)])
    // The plain operator on the grid of the keys checks all that does not depend on the queries' grid.
    let onKeys = try Shape(k.shape.dimensions.dropLast(2) + q.shape.dimensions.suffix(2))
    try self.init(
      q: (onKeys, q.dtype), k: k, v: v, extraK: extraK, extraV: extraV, window: window,
      stride: stride, dilation: dilation, causal: causal, scale: scale, output: output)
    guard circular.count == 1 || circular.count == axes.count else {
      throw .invalidArgument(
        "circular", got: "\(circular.count) values",
        allowed: "one value, or one per token axis (\(axes.count))")
    }
    let rings = circular.count == axes.count ? circular : axes.map { _ in circular[0] }
    if let bias {
      guard bias.shape.dimensions == biasDimensions else {
        throw .invalidArgument(
          "bias", got: "shape \(bias.shape)", allowed: "[H, 2k − 1 per axis] = \(biasDimensions)")
      }
      guard bias.dtype == .f32 else {
        throw .invalidArgument("bias element type", got: bias.dtype, allowed: "f32")
      }
    }
    if let keyMask {
      guard keyMask.shape.dimensions == maskDimensions else {
        throw .invalidArgument(
          "key_mask", got: "shape \(keyMask.shape)", allowed: "[B, X..] of k = \(maskDimensions)")
      }
      guard keyMask.dtype == .bool else {
        throw .invalidArgument("key_mask element type", got: keyMask.dtype, allowed: "bool")
      }
    }
    if bias != nil || keyMask != nil || rings.contains(true) || queryLengths != axes.map(\.length) {
      extensions = Extensions(
        relativeBias: bias != nil, keyMask: keyMask != nil, circular: rings,
        queryLengths: queryLengths)
    }
    try validate()
  }

  /// Checks the rules of the extensions, given that those of the plain operator hold.
  /// - Throws: `invalidArgument` naming the first parameter that breaks one.
  func validateExtensions() throws(TesseraError) {
    guard let extensions else { return }
    guard extensions.circular.count == axes.count, extensions.queryLengths.count == axes.count
    else {
      throw .invalidArgument(
        "extensions", got: "\(extensions.circular.count) and \(extensions.queryLengths.count) axes",
        allowed: "\(axes.count), one per token axis")
    }
    for (index, axis) in axes.enumerated() {
      let place = axes.count > 1 ? " (axis \(index))" : ""
      if extensions.circular[index] {
        if axis.causal {
          throw .invalidArgument(
            "circular\(place)", got: "causal", allowed: "non-causal: a ring has no first token")
        }
        guard axis.length % axis.dilation == 0 else {
          throw .invalidArgument(
            "dilation\(place)", got: axis.dilation,
            allowed: "a divisor of the length \(axis.length) of a circular axis")
        }
      }
      let (queries, keys) = (extensions.queryLengths[index], axis.length)
      let fits =
        queries == keys || queries == 0
        || queries > 0 && keys > 0 && (queries % keys == 0 || keys % queries == 0)
      guard fits else {
        throw .invalidArgument(
          "q\(place)", got: "\(queries) queries along the axis",
          allowed: "\(keys), a multiple or a divisor, as there are \(keys) keys")
      }
    }
    for dimensions in [queryLengths, queryDimensions, outputDimensions, biasDimensions] {
      _ = try Shape(dimensions).byteCount(of: .f64)
    }
  }
}
