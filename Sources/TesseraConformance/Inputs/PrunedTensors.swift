package import TesseraCore
package import TesseraReference

/// The tensors of one attention over a pruned cache, on the host.
package struct PrunedTensors: Sendable {
  package let problem: PrunedAttentionProblem
  package let q: HostTensor
  /// Bitmaps, offsets and values of the keys.
  package let keys: [HostTensor]
  /// The same of the values.
  package let values: [HostTensor]
  package let recentKeys: HostTensor?
  package let recentValues: HostTensor?
  /// The same attention over whole vectors.
  package let dense: AttentionProblem

  package init(
    _ problem: PrunedAttentionProblem, q: HostTensor, keys: [HostTensor], values: [HostTensor],
    recentKeys: HostTensor? = nil, recentValues: HostTensor? = nil
  ) throws(TesseraError) {
    self.problem = problem
    self.q = q
    self.keys = keys
    self.values = values
    self.recentKeys = recentKeys
    self.recentValues = recentValues
    let (batch, kvHeads) = (problem.batch, problem.kvHeads)
    let tokens = problem.keys.tokens + problem.recent
    dense = try AttentionProblem(
      q: (try Shape([batch, 1, problem.heads, problem.headDim]), problem.dtype),
      k: (try Shape([batch, tokens, kvHeads, problem.headDim]), problem.dtype),
      v: (try Shape([batch, tokens, kvHeads, problem.valueDim]), problem.dtype),
      scale: problem.scale, output: problem.outputDType)
  }

  /// In the order of a plan's operands.
  package var operands: [HostTensor?] { [q] + keys + values + [recentKeys, recentValues] }

  /// O and LSE in f64.
  package func gold() -> AttentionOracle {
    Reference.attention(
      dense, q: q.doubles(), k: whole(problem.keys, keys, recentKeys),
      v: whole(problem.values, values, recentValues))
  }

  /// O evaluated plainly in f32.
  package func plain() -> [Double] {
    Reference.plainAttention(
      dense, q: q.doubles(), k: whole(problem.keys, keys, recentKeys),
      v: whole(problem.values, values, recentValues))
  }

  /// All keys or values `[B, N + R, Hkv, D]`.
  private func whole(
    _ own: PruningProblem, _ packed: [HostTensor], _ recent: HostTensor?
  ) -> [Double] {
    let old = Reference.unpruned(
      own, bitmaps: packed[0].values(as: UInt64.self) ?? [], offsets: packed[1].integers,
      values: packed[2].doubles())
    let new = recent?.doubles() ?? []
    let vectors = own.heads * own.headDim
    let (oldLength, newLength) = (own.tokens * vectors, problem.recent * vectors)
    var result: [Double] = []
    for b in 0..<problem.batch {
      result += old[(b * oldLength)..<((b + 1) * oldLength)]
      result += new[(b * newLength)..<((b + 1) * newLength)]
    }
    return result
  }

  /// `x` packed by the definition; regions hold NaN behind their ends.
  package static func packed(
    _ problem: PruningProblem, _ x: HostTensor
  ) throws(TesseraError) -> [HostTensor] {
    let vectors = Reference.pruned(problem, x.doubles())
    let values = vectors.values(capacity: problem.capacity, rest: .nan)
    return [
      try HostTensor(vectors.bitmaps, shape: try Shape(problem.bitmapDimensions)),
      try HostTensor(
        vectors.offsets.map { Int32($0) }, shape: try Shape(problem.offsetDimensions)),
      try HostTensor(
        rounding: values.map { Float($0) }, to: problem.dtype,
        shape: try Shape(problem.valueDimensions)),
    ]
  }
}
