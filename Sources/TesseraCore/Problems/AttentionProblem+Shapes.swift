extension AttentionProblem {
  /// Element types attention computes with.
  package static let dtypes: [DType] = [.f32, .f16, .bf16]
  /// Largest head dimension, of keys and of values.
  package static let largestHeadDim = 512

  /// Describes dense attention over contiguous tensors.
  ///
  /// - Parameters:
  ///   - q: `[B, Nq, H, D]`, or `[Tq, H, D]` together with `cuQ` and `cuK`.
  ///   - k: `[B, Nk, Hkv, D]` or `[Tk, Hkv, D]`.
  ///   - v: `[B, Nk, Hkv, Dv]` or `[Tk, Hkv, Dv]`.
  ///   - alibi: slopes `[H]`, f32.
  ///   - cuQ: cumulative query lengths `[B + 1]`, i32; their values are checked by
  ///     `validate(cumulative:name:tokens:)`, where they are on the host.
  ///   - cuK: cumulative key lengths `[B + 1]`, i32.
  ///   - windowLeft: keys visible before the query's position; nil is all.
  ///   - windowRight: keys visible after it; nil is all. Causal attention sees none in any case.
  ///   - scale: `D^-0.5` if nil; 0 means 0.
  ///   - output: storage type of O; that of `q` if nil.
  /// - Throws: `invalidArgument` naming the argument that does not fit.
  package init(
    q: (shape: Shape, dtype: DType), k: (shape: Shape, dtype: DType),
    v: (shape: Shape, dtype: DType), alibi: (shape: Shape, dtype: DType)? = nil,
    cuQ: (shape: Shape, dtype: DType)? = nil, cuK: (shape: Shape, dtype: DType)? = nil,
    causal: Bool = false, alignment: Alignment = .bottomRight, windowLeft: Int? = nil,
    windowRight: Int? = nil, softCap: Float? = nil, scale: Float? = nil, output: DType? = nil
  ) throws(TesseraError) {
    let sequences = try Self.sequences(cuQ, cuK)
    let packed = sequences != nil
    let rank = packed ? 3 : 4
    for (name, tensor, form) in [
      ("q", q, packed ? "[Tq, H, D]" : "[B, Nq, H, D]"),
      ("k", k, packed ? "[Tk, Hkv, D]" : "[B, Nk, Hkv, D]"),
      ("v", v, packed ? "[Tk, Hkv, Dv]" : "[B, Nk, Hkv, Dv]"),
    ] where tensor.shape.rank != rank {
      throw .invalidArgument(
        name, got: "shape \(tensor.shape)",
        allowed: "\(form)\(packed ? ", as there are cumulative lengths" : "")")
    }
    guard Self.dtypes.contains(q.dtype) else {
      throw .invalidArgument("q element type", got: q.dtype, allowed: "f32, f16 or bf16")
    }
    for (name, tensor) in [("k", k), ("v", v)] where tensor.dtype != q.dtype {
      throw .invalidArgument("\(name) element type", got: tensor.dtype, allowed: "\(q.dtype), as q")
    }
    let (heads, headDim, kvHeads) = (q.shape[-2], q.shape[-1], k.shape[-2])
    if !packed, k.shape[0] != q.shape[0] {
      throw .invalidArgument("k", got: "batch \(k.shape[0])", allowed: "\(q.shape[0]), as q")
    }
    guard k.shape[-1] == headDim else {
      throw .invalidArgument("k", got: "head dimension \(k.shape[-1])", allowed: "\(headDim), as q")
    }
    guard v.shape.dimensions.dropLast() == k.shape.dimensions.dropLast() else {
      throw .invalidArgument(
        "v", got: "shape \(v.shape)", allowed: "that of k, \(k.shape), but for the last axis")
    }
    if let alibi {
      guard alibi.shape.dimensions == [heads] else {
        throw .invalidArgument(
          "alibi", got: "shape \(alibi.shape)",
          allowed: "[H] = [\(heads)], one slope per query head")
      }
      guard alibi.dtype == .f32 else {
        throw .invalidArgument("alibi element type", got: alibi.dtype, allowed: "f32")
      }
    }
    let output = output ?? q.dtype
    guard Self.dtypes.contains(output) else {
      throw .invalidArgument("output element type", got: output, allowed: "f32, f16 or bf16")
    }
    self.init(
      batch: sequences ?? q.shape[0], queryLength: q.shape[-3], keyLength: k.shape[-3],
      heads: heads, kvHeads: kvHeads, headDim: headDim, valueDim: v.shape[-1],
      scale: scale ?? NeighborhoodProblem.defaultScale(headDim), causal: causal,
      alignment: alignment, windowLeft: windowLeft, windowRight: windowRight, softCap: softCap,
      alibi: alibi != nil, packed: packed, dtype: q.dtype, outputDType: output)
    try validate()
  }

  /// Checks the rules that hold between the numbers.
  /// - Throws: `invalidArgument` naming the first parameter that breaks one.
  package func validate() throws(TesseraError) {
    guard heads >= 0, kvHeads >= 0, kvHeads > 0 ? heads % kvHeads == 0 : heads == 0 else {
      throw .invalidArgument(
        "heads", got: "\(heads) query heads over \(kvHeads) KV heads",
        allowed: "a multiple of the KV heads")
    }
    for (name, extent) in [("head dimension", headDim), ("value dimension", valueDim)]
    where !(0...Self.largestHeadDim).contains(extent) {
      throw .invalidArgument(name, got: extent, allowed: "0...\(Self.largestHeadDim)")
    }
    for (name, limit) in [("window_left", windowLeft), ("window_right", windowRight)] {
      if let limit, limit < 0 {
        throw .invalidArgument(name, got: limit, allowed: "0 or more, or none for no limit")
      }
    }
    if let softCap, !(softCap > 0 && softCap.isFinite) {
      throw .invalidArgument("soft_cap", got: softCap, allowed: "a finite number above 0, or none")
    }
    guard scale.isFinite else {
      throw .invalidArgument("scale", got: scale, allowed: "a finite number")
    }
    for dimensions in [queryDimensions, keyDimensions, valueDimensions, outputDimensions] {
      _ = try Shape(dimensions).byteCount(of: .f64)
    }
    // Without heads the tensors are empty whatever the tokens are; these must be countable still.
    if !packed {
      _ = try Shape([batch, queryLength])
      _ = try Shape([batch, keyLength])
    }
  }

  /// Checks cumulative lengths that are on the host: `batch + 1` entries from 0 upwards, the last at
  /// most `tokens`. Tokens from there on belong to no sequence.
  /// - Throws: `invalidArgument` naming the first entry that does not fit.
  package func validate(
    cumulative lengths: [Int], name: String, tokens: Int
  ) throws(TesseraError) {
    guard lengths.count == batch + 1 else {
      throw .invalidArgument(name, got: "\(lengths.count) entries", allowed: "B + 1 = \(batch + 1)")
    }
    var previous = 0
    for (index, length) in lengths.enumerated() {
      let allowed = index == 0 ? 0...0 : previous...max(previous, tokens)
      guard allowed.contains(length), length <= tokens else {
        throw .invalidArgument(
          "\(name)[\(index)]", got: length, allowed: index == 0 ? "0" : "\(previous)...\(tokens)")
      }
      previous = length
    }
  }

  /// The sequences that cumulative lengths describe; nil without any.
  private static func sequences(
    _ cuQ: (shape: Shape, dtype: DType)?, _ cuK: (shape: Shape, dtype: DType)?
  ) throws(TesseraError) -> Int? {
    if cuQ == nil, cuK == nil { return nil }
    guard let cuQ, let cuK else {
      throw .invalidArgument(
        cuQ == nil ? "cu_q" : "cu_k", got: "none", allowed: "both cu_q and cu_k, or neither")
    }
    for (name, tensor) in [("cu_q", cuQ), ("cu_k", cuK)] {
      guard tensor.shape.rank == 1, tensor.shape[0] >= 1 else {
        throw .invalidArgument(name, got: "shape \(tensor.shape)", allowed: "[B + 1]")
      }
      guard tensor.dtype == .i32 else {
        throw .invalidArgument("\(name) element type", got: tensor.dtype, allowed: "i32")
      }
    }
    guard cuK.shape[0] == cuQ.shape[0] else {
      throw .invalidArgument(
        "cu_k", got: "\(cuK.shape[0]) entries", allowed: "\(cuQ.shape[0]), as cu_q")
    }
    return cuQ.shape[0] - 1
  }
}
