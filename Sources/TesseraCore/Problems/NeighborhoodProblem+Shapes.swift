extension NeighborhoodProblem {
  /// Element types neighborhood attention computes with.
  package static let dtypes: [DType] = [.f32, .f16, .bf16]

  /// Describes neighborhood attention over contiguous tensors; the token axes come from `q`.
  ///
  /// `window`, `stride`, `dilation` and `causal` hold one value per axis, or a single one for all.
  /// `scale` defaults to `D^-0.5`.
  /// - Throws: `invalidArgument` naming the argument that does not fit.
  package init(
    q: (shape: Shape, dtype: DType), k: (shape: Shape, dtype: DType),
    v: (shape: Shape, dtype: DType), extraK: (shape: Shape, dtype: DType)? = nil,
    extraV: (shape: Shape, dtype: DType)? = nil, window: [Int], stride: [Int] = [1],
    dilation: [Int] = [1], causal: [Bool] = [false], scale: Float? = nil, output: DType? = nil
  ) throws(TesseraError) {
    guard (4...6).contains(q.shape.rank) else {
      throw .invalidArgument(
        "q", got: "shape \(q.shape)", allowed: "[B, X.., H, D] with one to three token axes")
    }
    let lengths = Array(q.shape.dimensions[1..<(q.shape.rank - 2)])
    let (batch, heads, headDim) = (q.shape[0], q.shape[-2], q.shape[-1])
    guard Self.dtypes.contains(q.dtype) else {
      throw .invalidArgument("q element type", got: q.dtype, allowed: "f32, f16 or bf16")
    }
    for (name, tensor) in [("k", k), ("v", v)] {
      guard tensor.shape.rank == q.shape.rank,
        Array(tensor.shape.dimensions.dropLast(2)) == [batch] + lengths
      else {
        throw .invalidArgument(
          name, got: "shape \(tensor.shape)", allowed: "[B, X.., Hkv, …] with the B and X of q, \(q.shape)")
      }
    }
    let (kvHeads, valueDim) = (k.shape[-2], v.shape[-1])
    guard k.shape[-1] == headDim else {
      throw .invalidArgument("k", got: "head dimension \(k.shape[-1])", allowed: "\(headDim), as q")
    }
    guard v.shape[-2] == kvHeads else {
      throw .invalidArgument("v", got: "\(v.shape[-2]) heads", allowed: "\(kvHeads), as k")
    }
    var extra = 0
    switch (extraK, extraV) {
    case (nil, nil): break
    case (let extraK?, let extraV?):
      extra = extraK.shape.rank == 4 ? extraK.shape[1] : 0
      guard extraK.shape.dimensions == [batch, extra, kvHeads, headDim] else {
        throw .invalidArgument(
          "extra_k", got: "shape \(extraK.shape)",
          allowed: "[B, E, Hkv, D] = [\(batch), E, \(kvHeads), \(headDim)]")
      }
      guard extraV.shape.dimensions == [batch, extra, kvHeads, valueDim] else {
        throw .invalidArgument(
          "extra_v", got: "shape \(extraV.shape)",
          allowed: "[B, E, Hkv, Dv] = [\(batch), \(extra), \(kvHeads), \(valueDim)]")
      }
    default:
      throw .invalidArgument(
        extraK == nil ? "extra_k" : "extra_v", got: "none", allowed: "both extra_k and extra_v, or neither")
    }
    for (name, tensor) in [("k", k), ("v", v), ("extra_k", extraK ?? q), ("extra_v", extraV ?? q)]
    where tensor.dtype != q.dtype {
      throw .invalidArgument("\(name) element type", got: tensor.dtype, allowed: "\(q.dtype), as q")
    }
    let output = output ?? q.dtype
    guard Self.dtypes.contains(output) else {
      throw .invalidArgument("output element type", got: output, allowed: "f32, f16 or bf16")
    }
    let rank = lengths.count
    let windows = try Self.perAxis("window", window, rank)
    let strides = try Self.perAxis("stride", stride, rank)
    let dilations = try Self.perAxis("dilation", dilation, rank)
    let causals = try Self.perAxis("causal", causal, rank)
    self.init(
      batch: batch,
      axes: (0..<rank).map {
        Axis(
          length: lengths[$0], window: windows[$0], stride: strides[$0], dilation: dilations[$0],
          causal: causals[$0])
      },
      heads: heads, kvHeads: kvHeads, headDim: headDim, valueDim: valueDim, extraKeys: extra,
      scale: scale ?? Self.defaultScale(headDim), dtype: q.dtype, outputDType: output)
    try validate()
  }

  /// `D^-0.5`; 1 for the empty product of `D = 0`.
  package static func defaultScale(_ headDim: Int) -> Float {
    headDim > 0 ? 1 / Float(headDim).squareRoot() : 1
  }

  /// Checks the rules that hold between the numbers.
  /// - Throws: `invalidArgument` naming the first parameter that breaks one.
  package func validate() throws(TesseraError) {
    guard (1...3).contains(axes.count) else {
      throw .invalidArgument("token axes", got: axes.count, allowed: "1, 2 or 3")
    }
    guard heads >= 0, kvHeads >= 0, kvHeads > 0 ? heads % kvHeads == 0 : heads == 0 else {
      throw .invalidArgument(
        "heads", got: "\(heads) query heads over \(kvHeads) KV heads",
        allowed: "a multiple of the KV heads")
    }
    for (index, axis) in axes.enumerated() {
      let place = axes.count > 1 ? " (axis \(index))" : ""
      // An empty axis has no queries, so no window can be wrong on it but a non-positive one.
      let longest = axis.length == 0 ? Int.max : axis.length
      guard axis.dilation >= 1, axis.dilation <= longest else {
        throw .invalidArgument(
          "dilation\(place)", got: axis.dilation, allowed: "1...\(longest), the axis length")
      }
      guard axis.window >= 1, axis.window <= longest / axis.dilation else {
        throw .invalidArgument(
          "window\(place)", got: axis.window,
          allowed:
            "1...\(longest / axis.dilation), as window · dilation (\(axis.dilation)) must not exceed the axis length \(axis.length)"
        )
      }
      guard axis.stride >= 1, axis.stride <= axis.window else {
        throw .invalidArgument(
          "stride\(place)", got: axis.stride, allowed: "1...\(axis.window), the window")
      }
    }
    guard scale.isFinite else { throw .invalidArgument("scale", got: scale, allowed: "a finite number") }
    for dimensions in [queryDimensions, keyDimensions, valueDimensions, outputDimensions] {
      _ = try Shape(dimensions).byteCount(of: .f64)
    }
    try validateExtensions()
  }

  private static func perAxis<T>(
    _ name: String, _ values: [T], _ rank: Int
  ) throws(TesseraError) -> [T] {
    if values.count == rank { return values }
    if values.count == 1 { return Array(repeating: values[0], count: rank) }
    throw .invalidArgument(
      name, got: "\(values.count) values", allowed: "one value, or one per token axis (\(rank))")
  }
}
