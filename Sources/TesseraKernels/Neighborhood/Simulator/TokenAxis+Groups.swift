import CTesseraIndex

extension TokenAxis {
  /// A dilation group: an axis without dilation, over every `dilation`-th key.
  package struct Group: Sendable, Hashable {
    /// Parameters as `attention_axis.h` names them.
    fileprivate let kind, n, m, up, first, step, window, stride: Int32

    /// Keys of the group.
    package var keys: Int { Int(n) }
    /// Queries centred on keys of the group.
    package var queries: Int { Int(m) }

    /// The columns that a row meets: keys of a query, or queries of a key.
    package func columns(of row: Int, rowsAreKeys: Bool) -> Range<Int> {
      rowsAreKeys ? queries(of: row) : keys(of: row)
    }

    /// The keys of query `u` of the group, as positions in the group; beyond its ends on a ring.
    @inline(__always) package func keys(of u: Int) -> Range<Int> {
      let center = axis_center(Int32(truncatingIfNeeded: u), up, first, step)
      let begin = axis_begin(kind, center, n, window, stride)
      return Int(begin)..<Int(max(begin, axis_end(kind, center, begin, n, window, stride)))
    }

    /// The queries that attend key `j` of the group; beyond its ends on a ring.
    @inline(__always) package func queries(of j: Int) -> Range<Int> {
      let key = Int32(truncatingIfNeeded: j)
      let begin = axis_query_begin(kind, key, n, m, up, first, step, window, stride)
      let end = axis_query_end(kind, key, begin, n, m, up, first, step, window, stride)
      return Int(begin)..<Int(max(begin, end))
    }

    /// Pairs of a query and a key of its window.
    package var pairs: Int {
      if kind == TokenAxis.Kind.sliding.rawValue || kind == TokenAxis.Kind.ring.rawValue {
        return Int(m) * Int(window)
      }
      return (0..<queries).reduce(0) { $0 + keys(of: $1).count }
    }
  }

  /// The different dilation groups and how many there are of each, the larger first.
  ///
  /// On a common grid there are at most two, differing by one key. With several keys per query, groups
  /// differ in where their first query stands too, and some may have no query. A band has one, even
  /// without keys.
  package var groups: [(group: Group, count: Int)] {
    if kind == .band {
      return [
        (group(keys, queries: queries, up: coarse?.queriesPerKey ?? 1, first: firstCenter), 1)
      ]
    }
    guard keys > 0 else { return [] }
    let (shorter, longer) = (keys / dilation, keys % dilation)
    if queries >= keys {
      let up = queries / keys
      return [(shorter + 1, longer), (shorter, dilation - longer)].filter { $0.1 > 0 }.map {
        (group($0.0, queries: $0.0 * up, up: up), $0.1)
      }
    }
    return coarseGroups(shorter, longer)
  }

  /// The groups if there are several keys per query.
  private func coarseGroups(_ shorter: Int, _ longer: Int) -> [(group: Group, count: Int)] {
    var counts: [Group: Int] = [:]
    var without = (longer: longer, shorter: dilation - longer)
    if queries > 0 {
      let ratio = keys / queries
      let center = kind == .causal ? ratio - 1 : ratio / 2
      let common = Self.greatestCommonDivisor(ratio, dilation)
      // Queries this far apart are centred on the same group, that many of its keys apart.
      let (period, step) = (dilation / common, ratio / common)
      for query in 0..<min(period, queries) {
        let position = query * ratio + center
        let isLonger = position % dilation < longer
        if isLonger { without.longer -= 1 } else { without.shorter -= 1 }
        let group = group(
          isLonger ? shorter + 1 : shorter, queries: (queries - query + period - 1) / period,
          first: position / dilation, step: step)
        counts[group, default: 0] += 1
      }
    }
    if without.longer > 0 { counts[group(shorter + 1, queries: 0), default: 0] += without.longer }
    if without.shorter > 0 { counts[group(shorter, queries: 0), default: 0] += without.shorter }
    return counts.map { (group: $0.key, count: $0.value) }.sorted {
      ($0.group.n, $0.group.m, -$0.group.first) > ($1.group.n, $1.group.m, -$1.group.first)
    }
  }

  private func group(
    _ n: Int, queries m: Int, up: Int = 1, first: Int = 0, step: Int = 1
  ) -> Group {
    func narrow(_ value: Int) -> Int32 { Int32(truncatingIfNeeded: value) }
    return Group(
      kind: kind.rawValue, n: narrow(n), m: narrow(m), up: narrow(up),
      first: narrow(first), step: narrow(step), window: narrow(window),
      stride: narrow(stride))
  }

  private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    var (x, y) = (a, b)
    while y != 0 { (x, y) = (y, x % y) }
    return x
  }
}
