extension AttentionProblem {
  /// The position of query `i` on the key axis of a sequence; negative for queries before key 0.
  package func position(of i: Int, queries: Int, keys: Int) -> Int {
    alignment == .topLeft ? i : i + keys - queries
  }

  /// Whether query `i` attends key `j` of a sequence of `queries` queries and `keys` keys: the mask of
  /// the operator, in the words of its definition.
  package func visible(_ i: Int, _ j: Int, queries: Int, keys: Int) -> Bool {
    let t = position(of: i, queries: queries, keys: keys)
    if causal, j > t { return false }
    if let windowLeft, t - j > windowLeft { return false }
    if let windowRight, j - t > windowRight { return false }
    return true
  }

  /// `|t − j|`, which the ALiBi slope of a head multiplies; the product is subtracted from the score.
  package func alibiDistance(_ i: Int, _ j: Int, queries: Int, keys: Int) -> Int {
    abs(position(of: i, queries: queries, keys: keys) - j)
  }

  /// Keys after the query's position that may be visible: 0 if causal, nil if unlimited.
  package var right: Int? { causal ? 0 : windowRight }

  /// The keys that query `i` attends. They are always one interval, empty where `visible` is false for
  /// every key.
  package func visibleKeys(of i: Int, queries: Int, keys: Int) -> Range<Int> {
    let t = position(of: i, queries: queries, keys: keys)
    return Self.interval(around: t, before: windowLeft, after: right, limit: keys)
  }

  /// The queries that attend key `j`: one interval too, so gradients of keys and values are a gather.
  package func visibleQueries(of j: Int, queries: Int, keys: Int) -> Range<Int> {
    let i = j - position(of: 0, queries: queries, keys: keys)
    return Self.interval(around: i, before: right, after: windowLeft, limit: queries)
  }

  /// Pairs of query and key that attend, per head of one sequence: the work of a forward pass is
  /// `2·(D + Dv)` operations per pair.
  package func visiblePairs(queries: Int, keys: Int) -> Int {
    (0..<queries).reduce(0) { $0 + visibleKeys(of: $1, queries: queries, keys: keys).count }
  }

  /// `[center − before, center + after]` cut to `0 ..< limit`; nil does not limit that side.
  private static func interval(
    around center: Int, before: Int?, after: Int?, limit: Int
  ) -> Range<Int> {
    // A window limit may be as large as Int.max: saturate instead of overflowing.
    var (begin, end) = (0, limit)
    if let before {
      let (start, overflow) = center.subtractingReportingOverflow(before)
      begin = overflow ? 0 : min(max(start, 0), limit)
    }
    if let after {
      let (last, overflow) = center.addingReportingOverflow(after)
      end = overflow || last >= limit ? limit : max(last + 1, 0)
    }
    return begin..<max(begin, end)
  }
}
