import TesseraCore
import TesseraKernels
import TesseraReference

/// Random lists of key blocks per KV head, as selection makes them: the first block, a query's own and
/// the one before are forced, the others drawn from those that causality lets it see.
struct BenchLists {
  let problem: BlockListProblem
  let schedule: BlockListSchedule
  /// `[B, Hkv, R, W]`, ascending, −1 at the tail.
  let indices: HostTensor
  /// Pairs of a query and a key that attend, over all heads and batch entries.
  let pairs: Double

  /// - Parameter attention: as many queries as keys.
  init(
    _ attention: AttentionProblem, queryBlock: Int, keyBlock: Int, top: Int,
    schedule: BlockListSchedule, seed: UInt64
  ) throws(TesseraError) {
    let rows = (attention.queryLength + queryBlock - 1) / queryBlock
    let shape = try Shape([attention.batch, attention.kvHeads, rows, top])
    problem = try BlockListProblem(
      attention: attention, indices: (shape, .i32), queryBlock: queryBlock, keyBlock: keyBlock)
    self.schedule = schedule
    var random = SeededRandom(seed &+ 77)
    var entries: [Int32] = []
    entries.reserveCapacity(shape.elementCount)
    var pairs = 0.0
    for _ in 0..<(attention.batch * attention.kvHeads) {
      for row in 0..<rows {
        let own = Self.row(attention, row, queryBlock, keyBlock, top, &random)
        pairs += Self.pairs(attention, row, queryBlock, keyBlock, own)
        entries += own.map { Int32(truncatingIfNeeded: $0) }
        entries += [Int32](repeating: -1, count: top - own.count)
      }
    }
    self.pairs = pairs * Double(attention.group)
    indices = try HostTensor(entries, shape: shape)
  }

  /// The same lists, computed otherwise.
  init(_ other: BenchLists, schedule: BlockListSchedule) {
    (problem, indices, pairs) = (other.problem, other.indices, other.pairs)
    self.schedule = schedule
  }

  private static func row(
    _ attention: AttentionProblem, _ row: Int, _ queryBlock: Int, _ keyBlock: Int, _ top: Int,
    _ random: inout SeededRandom
  ) -> [Int] {
    let blocks = (attention.keyLength + keyBlock - 1) / keyBlock
    let last = min((row + 1) * queryBlock, attention.queryLength) - 1
    let visible = attention.causal ? min(blocks, last / keyBlock + 1) : blocks
    guard visible > top else { return Array(0..<visible) }
    let own = min(last / keyBlock, visible - 1)
    var chosen: [Int] = []
    for forced in [own, 0, own - 1] where chosen.count < top && forced >= 0 {
      if !chosen.contains(forced) { chosen.append(forced) }
    }
    while chosen.count < top {
      // The high half of a word times the count: even enough, and quick.
      let next = Int(((random.next() >> 32) &* UInt64(visible)) >> 32)
      if !chosen.contains(next) { chosen.append(next) }
    }
    return chosen.sorted()
  }

  /// Pairs of one row of one list, for one head.
  private static func pairs(
    _ attention: AttentionProblem, _ row: Int, _ queryBlock: Int, _ keyBlock: Int, _ blocks: [Int]
  ) -> Double {
    let queries = (row * queryBlock)..<min((row + 1) * queryBlock, attention.queryLength)
    guard attention.causal else {
      let keys = blocks.reduce(0) { $0 + min(keyBlock, attention.keyLength - $1 * keyBlock) }
      return Double(queries.count) * Double(keys)
    }
    // Whole blocks before the row, and the rest query by query.
    var sum = 0
    for block in blocks {
      let keys = (block * keyBlock)..<min((block + 1) * keyBlock, attention.keyLength)
      if keys.upperBound <= queries.lowerBound + 1 {
        sum += queries.count * keys.count
      } else {
        for query in queries { sum += max(0, min(keys.upperBound, query + 1) - keys.lowerBound) }
      }
    }
    return Double(sum)
  }

  private func blocks(row: Int, entry: Int, head: Int) -> [Int] {
    let list = entry * problem.listHeads + head * problem.listHeads / problem.attention.heads
    let start = (list * problem.listRows + row) * problem.listWidth
    return indices.withUnsafeBytes { bytes in
      (start..<(start + problem.listWidth)).compactMap {
        let block = bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self)
        return block >= 0 ? Int(block) : nil
      }
    }
  }

  /// The keys of a query of a head, as tokens of its batch entry.
  func keys(of query: Int, entry: Int, head: Int) -> [Int] {
    let attention = problem.attention
    let limit = attention.causal ? min(attention.keyLength, query + 1) : attention.keyLength
    return blocks(row: query / problem.queryBlock, entry: entry, head: head).flatMap { block in
      let begin = block * problem.keyBlock
      return Array(begin..<max(begin, min(begin + problem.keyBlock, limit)))
    }
  }

  /// The queries of a key of a KV head, as tokens of its batch entry.
  func queries(of key: Int, entry: Int, head: Int) -> [Int] {
    let (attention, block) = (problem.attention, key / problem.keyBlock)
    return (0..<problem.listRows).flatMap { row -> [Int] in
      guard blocks(row: row, entry: entry, head: head).contains(block) else { return [] }
      let queries =
        (row * problem.queryBlock)..<min((row + 1) * problem.queryBlock, attention.queryLength)
      return queries.filter { !attention.causal || $0 >= key }
    }
  }
}
