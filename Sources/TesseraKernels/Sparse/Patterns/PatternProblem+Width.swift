import CTesseraSIMD
package import TesseraCore

extension PatternProblem {
  /// Entries that a row has room for, W: what the longest row of any head may need. Exact for rules whose
  /// rows have to be counted, a bound within an entry or two per piece for the others; never more than
  /// there are blocks.
  package var width: Int {
    var most = 0
    for pattern in Set(patterns) { most = max(most, width(pattern)) }
    return min(most, keyBlocks)
  }

  private func width(_ pattern: BlockPattern) -> Int {
    guard queries > 0, keys > 0 else { return 0 }
    // Rows of the first tokens list everything.
    if pattern.prefix > 0, !pattern.causal, offset < pattern.prefix, pattern.rule != .none {
      return keyBlocks
    }
    let first = (pattern.prefix + keyBlock - 1) / keyBlock
    let row = min(queryBlock, queries)
    /// Blocks that a run of tokens touches at most, wherever it starts.
    func touched(_ tokens: Int) -> Int {
      tokens == 0 ? 0 : (min(tokens, 2 * keys) + keyBlock - 2) / keyBlock + 1
    }
    func band(_ left: Int, _ right: Int) -> Int {
      touched(row + min(left, keys) + (pattern.causal ? 0 : min(right, keys)))
    }
    func diagonals(_ period: Int, _ width: Int) -> Int {
      let each = row + 2 * min(width, keys)
      return ((keys + each) / period + 1) * touched(each)
    }
    switch pattern.rule {
    case .none: return 0
    case .full: return keyBlocks
    case .band(let left, let right): return first + band(left, right)
    case .diagonals(let period, let width): return first + diagonals(period, width)
    case .stripes(let period, let width, _): return first + (keys / period + 2) * touched(width)
    case .sinkLocal(let sink, let left, let right):
      return first + (min(sink, keys) + keyBlock - 1) / keyBlock + 1 + band(left, right)
    case .strided(let stride, let left, let right):
      return first + diagonals(stride, 0) + band(left, right)
    case .lines: return first + columns + slashes * touched(row)
    case .neighborhood, .hierarchy:
      var constants = tessera_pattern_constants()
      (constants.heads, constants.rows) = (1, Int32(rows))
      (constants.query_block, constants.key_block) = (Int32(queryBlock), Int32(keyBlock))
      (constants.queries, constants.keys) = (Int32(queries), Int32(keys))
      constants.offset = Int32(offset)
      return Int(tessera_pattern_width(&constants, pattern.table))
    }
  }
}
