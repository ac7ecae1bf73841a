package import TesseraCore

extension Reference {
  /// The key blocks of every row of every head of a pattern: those that any pair of a query of the row and
  /// a key of the block asks for, token by token.
  ///
  /// - Parameters:
  ///   - columns: `[Hl, C]`, the keys of vertical lines; what is no key counts for nothing.
  ///   - slashes: `[Hl, S]`, distances before the query; what is negative counts for nothing.
  package static func pattern(
    _ problem: PatternProblem, columns: [Int32] = [], slashes: [Int32] = []
  ) -> [[[Int]]] {
    problem.patterns.enumerated().map { head, pattern in
      let lines = (
        columns: Set(columns.dropFirst(head * problem.columns).prefix(problem.columns).map(Int.init)),
        slashes: Set(slashes.dropFirst(head * problem.slashes).prefix(problem.slashes).map(Int.init))
      )
      let attends = predicate(pattern, lines)
      return (0..<problem.rows).map { row in
        var blocks: Set<Int> = []
        let first = row * problem.queryBlock
        for query in first..<min(first + problem.queryBlock, problem.queries) {
          for key in 0..<problem.keys where attends(query + problem.offset, key) {
            blocks.insert(key / problem.keyBlock)
          }
        }
        return blocks.sorted()
      }
    }
  }

  /// Whether a query at position `t` attends key `j`, in the words of the rules.
  private static func predicate(
    _ pattern: BlockPattern, _ lines: (columns: Set<Int>, slashes: Set<Int>)
  ) -> (_ t: Int, _ j: Int) -> Bool {
    let prefix = pattern.prefix
    let rule = rule(pattern.rule)
    return { t, j in
      if pattern.rule == .none || (pattern.causal && j > t) { return false }
      if j < prefix || (prefix > 0 && t < prefix) { return true }
      if pattern.rule == .lines {
        return lines.columns.contains(j) || (t >= j && lines.slashes.contains(t - j))
      }
      return rule(t - prefix, j - prefix)
    }
  }

  private static func rule(_ rule: BlockPattern.Rule) -> (_ t: Int, _ j: Int) -> Bool {
    func modulo(_ a: Int, _ b: Int) -> Int { (a % b + b) % b }
    switch rule {
    case .none, .lines: return { _, _ in false }
    case .full: return { _, _ in true }
    case .band(let left, let right): return { t, j in t - j <= left && j - t <= right }
    case .diagonals(let period, let width):
      return { t, j in
        let past = modulo(j - t, period)
        return min(past, period - past) <= width
      }
    case .stripes(let period, let width, let offset):
      return { _, j in modulo(j - offset, period) < width }
    case .sinkLocal(let sink, let left, let right):
      return { t, j in j < sink || (t - j <= left && j - t <= right) }
    case .strided(let stride, let left, let right):
      return { t, j in modulo(j - t, stride) == 0 || (t - j <= left && j - t <= right) }
    case .neighborhood(let shape, let window, let stride, let dilation, let causal):
      let sets = neighborhoodKeySets(
        shape.indices.map { axis in
          .init(
            length: shape[axis], window: BlockPattern.value(window, axis),
            stride: BlockPattern.value(stride, axis),
            dilation: BlockPattern.value(dilation, axis),
            causal: BlockPattern.value(causal, axis))
        }
      ).map(Set.init)
      return { t, j in sets[t].contains(j) }
    case .hierarchy(let height, let width, let window, let factor, let dense):
      return hierarchy(
        height, width, (BlockPattern.value(window, 0), BlockPattern.value(window, 1)), factor, dense)
    }
  }

  /// The picture and its small copy: every token as a place in one of them.
  private static func hierarchy(
    _ height: Int, _ width: Int, _ window: (Int, Int), _ factor: Int, _ dense: Bool
  ) -> (_ t: Int, _ j: Int) -> Bool {
    /// (row, column) of every token of a picture, window by window.
    func places(_ height: Int, _ width: Int) -> [(Int, Int)] {
      var result: [(Int, Int)] = []
      for top in stride(from: 0, to: height, by: window.0) {
        for left in stride(from: 0, to: width, by: window.1) {
          for row in top..<(top + window.0) {
            for column in left..<(left + window.1) { result.append((row, column)) }
          }
        }
      }
      return result
    }
    let large = places(height, width), small = places(height / factor, width / factor)
    func windowOf(_ place: (Int, Int)) -> [Int] { [place.0 / window.0, place.1 / window.1] }
    return { t, j in
      switch (t < large.count, j < large.count) {
      case (true, true): return windowOf(large[t]) == windowOf(large[j])
      case (true, false):
        let shown = (large[t].0 / factor, large[t].1 / factor)
        return windowOf(shown) == windowOf(small[j - large.count])
      case (false, true): return false
      case (false, false):
        return dense || windowOf(small[t - large.count]) == windowOf(small[j - large.count])
      }
    }
  }
}
