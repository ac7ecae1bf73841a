extension PagedProblem {
  /// Describes attention over a paged cache for contiguous tensors.
  ///
  /// - Parameters:
  ///   - q: `[B, Nq, H, D]` or `[B, H, D]`.
  ///   - k: pages `[P, page, Hkv, D]`, or their codes.
  ///   - v: pages `[P, page, Hkv, Dv]`, or their codes.
  ///   - blockTable: `[B, maxPages]`, i32.
  ///   - lengths: `[B]`, i32.
  ///   - indices: lists `[B, Hl, W]`, i32.
  ///   - counts: `[B, Hl]`, i32; only with `indices`.
  ///   - keyBlock: positions per entry of a list; the page size if nil.
  ///   - sinks: `[H]`, f32.
  ///   - scale: `D^-0.5` if nil; 0 means 0.
  ///   - splits: workgroups that share a sequence's keys, at least 1; nil lets the planner choose.
  ///   - unifiedMaximum: what the largest scores are about; nil finds them.
  ///   - output: storage type of O; that of `q` if nil.
  ///   - keyCodes: what codes of K are and the parameters' tensor; nil if K is elements.
  ///   - valueCodes: the same of V.
  /// - Throws: `invalidArgument` naming the argument that does not fit.
  package init(
    q: (shape: Shape, dtype: DType), k: (shape: Shape, dtype: DType),
    v: (shape: Shape, dtype: DType), blockTable: (shape: Shape, dtype: DType),
    lengths: (shape: Shape, dtype: DType), indices: (shape: Shape, dtype: DType)? = nil,
    counts: (shape: Shape, dtype: DType)? = nil, keyBlock: Int? = nil,
    sinks: (shape: Shape, dtype: DType)? = nil, softCap: Float? = nil, scale: Float? = nil,
    splits: Int? = nil, unifiedMaximum: UnifiedMaximum? = nil, output: DType? = nil, keyCodes: CodeDescription? = nil,
    valueCodes: CodeDescription? = nil
  ) throws(TesseraError) {
    guard q.shape.rank == 3 || q.shape.rank == 4 else {
      throw .invalidArgument(
        "q", got: "shape \(q.shape)", allowed: "[B, Nq, H, D] or [B, H, D]")
    }
    for (name, pages) in [("k", k), ("v", v)] {
      guard pages.shape.rank == 4 else {
        throw .invalidArgument(
          "\(name) pages", got: "shape \(pages.shape)", allowed: "[P, page, Hkv, D]")
      }
    }
    for (name, tensor) in [
      ("block table", blockTable), ("lengths", lengths), ("indices", indices), ("counts", counts),
    ] as [(String, (shape: Shape, dtype: DType)?)] {
      if let tensor, tensor.dtype != .i32 {
        throw .invalidArgument("\(name) element type", got: tensor.dtype, allowed: "i32")
      }
    }
    let batch = q.shape[0]
    let keys = try Self.storage("k", k, keyCodes, q.dtype)
    let values = try Self.storage("v", v, valueCodes, q.dtype)
    let headDim = keys.vector(of: k.shape[-1])
    guard headDim == q.shape[-1] else {
      throw .invalidArgument(
        "k pages", got: "head dimension \(headDim)", allowed: "\(q.shape[-1]), as q")
    }
    guard v.shape.dimensions.dropLast() == k.shape.dimensions.dropLast() else {
      throw .invalidArgument(
        "v pages", got: "shape \(v.shape)", allowed: "that of k, \(k.shape), but for the last axis")
    }
    guard blockTable.shape.rank == 2, blockTable.shape[0] == batch else {
      throw .invalidArgument(
        "block table", got: "shape \(blockTable.shape)", allowed: "[B, maxPages] with B = \(batch)")
    }
    guard lengths.shape.dimensions == [batch] else {
      throw .invalidArgument("lengths", got: "shape \(lengths.shape)", allowed: "[B] = [\(batch)]")
    }
    if let indices {
      guard indices.shape.rank == 3, indices.shape[0] == batch else {
        throw .invalidArgument(
          "indices", got: "shape \(indices.shape)", allowed: "[B, Hl, W] with B = \(batch)")
      }
    }
    if let counts {
      guard let indices, counts.shape.dimensions == Array(indices.shape.dimensions.dropLast())
      else {
        throw .invalidArgument(
          "counts", got: "shape \(counts.shape)",
          allowed: "that of indices without the last axis, and none without indices")
      }
    }
    let heads = q.shape[-2]
    if let sinks {
      guard sinks.shape.dimensions == [heads] else {
        throw .invalidArgument(
          "sinks", got: "shape \(sinks.shape)",
          allowed: "[H] = [\(heads)], one logit per query head")
      }
      guard sinks.dtype == .f32 else {
        throw .invalidArgument("sinks element type", got: sinks.dtype, allowed: "f32")
      }
    }
    self.init(
      batch: batch, queryLength: q.shape.rank == 4 ? q.shape[1] : 1, heads: heads,
      kvHeads: k.shape[2], headDim: headDim, valueDim: values.vector(of: v.shape[-1]), pages: k.shape[0],
      pageSize: k.shape[1], maxPages: blockTable.shape[1], listHeads: indices?.shape[1],
      listWidth: indices?.shape[2] ?? 0, keyBlock: keyBlock ?? k.shape[1], counts: counts != nil,
      sinks: sinks != nil, scale: scale ?? NeighborhoodProblem.defaultScale(q.shape[-1]),
      softCap: softCap, unifiedMaximum: unifiedMaximum, splits: splits, dtype: q.dtype,
      keyStorage: keys == .plain(q.dtype) ? nil : keys,
      valueStorage: values == .plain(q.dtype) ? nil : values, outputDType: output ?? q.dtype)
    for (name, codes, dimensions) in [
      ("k", keyCodes, keyParameterDimensions), ("v", valueCodes, valueParameterDimensions),
    ] {
      guard let codes, codes.parameters.shape.dimensions != dimensions else { continue }
      throw .invalidArgument(
        "\(name) parameters", got: "shape \(codes.parameters.shape)", allowed: "\(dimensions)")
    }
    try validate()
  }

  /// Codes of pages beside the tensor that holds them.
  package typealias CodeDescription = (
    format: QuantizationFormat, parameters: (shape: Shape, dtype: DType)
  )

  /// How `pages` lie in memory.
  private static func storage(
    _ name: String, _ pages: (shape: Shape, dtype: DType), _ codes: CodeDescription?, _ q: DType
  ) throws(TesseraError) -> VectorStorage {
    guard var format = codes?.format, let parameters = codes?.parameters.dtype else {
      guard AttentionProblem.dtypes.contains(pages.dtype) else {
        throw .invalidArgument(
          "\(name) element type", got: pages.dtype, allowed: "f32, f16 or bf16, or u8 with parameters")
      }
      return .plain(pages.dtype)
    }
    guard pages.dtype == .u8 else {
      throw .invalidArgument("\(name) codes' element type", got: pages.dtype, allowed: "u8")
    }
    guard format.parameters ?? parameters == parameters else {
      throw .invalidArgument(
        "\(name) parameters' element type", got: parameters,
        allowed: "that of the format, \(format.parameters ?? parameters)")
    }
    format.parameters = parameters
    let storage = try VectorStorage(
      format, dim: format.code == .int4 ? 2 * pages.shape[-1] : pages.shape[-1], elements: parameters)
    guard pages.shape[1] % storage.tokens == 0 else {
      throw .invalidArgument(
        "\(name): tokens of a group", got: storage.tokens,
        allowed: "a divisor of the page size, \(pages.shape[1])")
    }
    return storage
  }

  /// Checks the rules that hold between the numbers.
  /// - Throws: `invalidArgument` naming the first parameter that breaks one.
  package func validate() throws(TesseraError) {
    for (name, type) in [("q", dtype), ("output", outputDType)]
    where !AttentionProblem.dtypes.contains(type) {
      throw .invalidArgument("\(name) element type", got: type, allowed: "f32, f16 or bf16")
    }
    for (name, size) in [("page size", pageSize), ("kv_block", keyBlock)]
    where !(1...Int(Int32.max)).contains(size) {
      throw .invalidArgument(name, got: size, allowed: "1...\(Int32.max)")
    }
    try unifiedMaximum?.validate()
    if let splits, splits < 1 {
      throw .invalidArgument("splits", got: splits, allowed: "1 or more, or none")
    }
    if let listHeads, ![1, kvHeads, heads].contains(listHeads) {
      throw .invalidArgument(
        "indices", got: "\(listHeads) lists",
        allowed: "1, one per KV head (\(kvHeads)) or one per query head (\(heads))")
    }
    for (name, storage) in [("k", keys), ("v", values)] where storage.format == nil {
      guard AttentionProblem.dtypes.contains(storage.dtype) else {
        throw .invalidArgument(
          "\(name) element type", got: storage.dtype, allowed: "f32, f16 or bf16")
      }
    }
    let (positions, overflow) = maxPages.multipliedReportingOverflow(by: pageSize)
    guard !overflow, positions <= Int(Int32.max) else {
      throw .overLimit(
        "pages of one sequence", requested: maxPages, limit: Int(Int32.max) / pageSize)
    }
    // The rest are the rules of dense attention.
    try attention.validate()
    for dimensions in [
      keyDimensions, valueDimensions, keyParameterDimensions, valueParameterDimensions,
      tableDimensions, indexDimensions,
    ] {
      _ = try Shape(dimensions).byteCount(of: .f64)
    }
  }

  /// Dense attention over all positions that there can be.
  package var attention: AttentionProblem {
    AttentionProblem(
      batch: batch, queryLength: queryLength, keyLength: keyLength, heads: heads, kvHeads: kvHeads,
      headDim: headDim, valueDim: valueDim, scale: scale, causal: true, softCap: softCap,
      dtype: dtype, outputDType: outputDType)
  }

  /// The lists as block lists with one row, over all positions that there can be; nil without lists.
  package var lists: BlockListProblem? {
    guard let listHeads, queryLength > 0 else { return nil }
    var all = attention
    all.causal = false
    return BlockListProblem(
      attention: all, queryBlock: queryLength, keyBlock: keyBlock, listHeads: listHeads,
      listRows: 1, listWidth: listWidth, counts: counts)
  }
}
