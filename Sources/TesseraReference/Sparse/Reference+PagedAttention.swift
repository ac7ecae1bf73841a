package import TesseraCore

/// The contiguous inputs of one attention over a paged cache. Those that the problem does not have are
/// empty.
package struct PagedInputs: Sendable {
  package var q: [Double]
  /// Pages of keys `[P, page, Hkv, D]`.
  package var k: [Double]
  /// Pages of values `[P, page, Hkv, Dv]`.
  package var v: [Double]
  /// `[B, maxPages]`.
  package var blockTable: [Int]
  /// `[B]`.
  package var lengths: [Int]
  /// `[B, Hl, W]`.
  package var indices: [Int]
  /// `[B, Hl]`.
  package var counts: [Int]
  /// `[H]`.
  package var sinks: [Double]

  package init(
    q: [Double], k: [Double], v: [Double], blockTable: [Int], lengths: [Int],
    indices: [Int] = [], counts: [Int] = [], sinks: [Double] = []
  ) {
    self.q = q
    self.k = k
    self.v = v
    self.blockTable = blockTable
    self.lengths = lengths
    self.indices = indices
    self.counts = counts
    self.sinks = sinks
  }
}

extension Reference {
  /// Attention over a paged cache in f64, as `PagedProblem` defines it, over contiguous tensors.
  package static func pagedAttention(
    _ problem: PagedProblem, _ inputs: PagedInputs
  ) -> AttentionOracle {
    AttentionRows<Double>(problem, inputs).forward()
  }

  /// O evaluated plainly in f32 and rounded to its storage type: the yardstick of the error judge.
  package static func plainPagedAttention(
    _ problem: PagedProblem, _ inputs: PagedInputs
  ) -> [Double] {
    AttentionRows<Float>(problem, inputs).forward().o.map(problem.outputDType.nearest)
  }

  /// The places in the cache, `page · pageSize + token`, that every query attends by the definition, in
  /// the order of the sequence: row `(b · Nq + i) · H + head` of O.
  package static func attendedPlaces(
    _ problem: PagedProblem, _ inputs: PagedInputs
  ) -> [[Int]] {
    var rows: [[Int]] = []
    for sequence in 0..<problem.batch {
      let length = min(max(inputs.lengths[sequence], 0), problem.keyLength)
      // Position and place of every key that there is.
      let keys = (0..<length).compactMap { j -> (position: Int, place: Int)? in
        let page = inputs.blockTable[sequence * problem.maxPages + j / problem.pageSize]
        guard (0..<problem.pages).contains(page) else { return nil }
        return (j, page * problem.pageSize + j % problem.pageSize)
      }
      let lists = problem.listHeads ?? 1
      let chosen = (0..<lists).map { list in
        guard problem.listHeads != nil else { return keys }
        let entries = problem.entries(of: sequence * lists + list, inputs)
        return keys.filter { entries.contains($0.position / problem.keyBlock) }
      }
      for i in 0..<problem.queryLength {
        let last = length - problem.queryLength + i
        for head in 0..<problem.heads {
          rows.append(
            chosen[head * lists / problem.heads].filter { $0.position <= last }.map(\.place))
        }
      }
    }
    return rows
  }
}

extension PagedProblem {
  /// What one list names.
  fileprivate func entries(of list: Int, _ inputs: PagedInputs) -> Set<Int> {
    let count = counts ? min(max(inputs.counts[list], 0), listWidth) : listWidth
    return Set(inputs.indices[(list * listWidth)..<(list * listWidth + count)])
  }
}

extension AttentionRows {
  fileprivate init(_ problem: PagedProblem, _ inputs: PagedInputs) {
    let places = Reference.attendedPlaces(problem, inputs)
    self.init(
      headDim: problem.headDim, valueDim: problem.valueDim, scale: problem.scale,
      softCap: problem.softCap, q: inputs.q, k: inputs.k, v: inputs.v,
      rows: places.indices.map { row in
        let head = row % problem.heads / problem.group
        return places[row].map { AttendedKey(vector: $0 * problem.kvHeads + head) }
      }, sinks: inputs.sinks)
  }
}
