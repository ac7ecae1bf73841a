package import TesseraCore

extension Reference {
  /// The blocks of every row of a selection, ascending: sort, take, by the words of the definition.
  ///
  /// - Parameter scores: `[B, Hl, R, M]` as stored; sums of scores are f64.
  package static func selectBlocks(_ problem: SelectionProblem, scores: [Double]) -> [[Int]] {
    let (rows, blocks) = (problem.rows.rows, problem.rows.blocks)
    return (0..<(problem.batch * problem.listHeads * rows)).map { index in
      selectRow(
        problem, row: index % rows, scores: Array(scores[(index * blocks)..<((index + 1) * blocks)]))
    }
  }

  /// The blocks of one row.
  package static func selectRow(
    _ problem: SelectionProblem, row: Int, scores: [Double]
  ) -> [Int] {
    let seen = scores.indices.filter { problem.rows.sees(row, $0) }
    let forced = seen.filter { problem.forces(row, $0) }
    let valid = seen.filter { !scores[$0].isNaN && scores[$0] != -.infinity }
    // A stable sort keeps the lower index first.
    var order = valid.filter { !forced.contains($0) }.sorted {
      scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1
    }
    switch problem.rule {
    case .topK: break
    case .threshold(let limit): order.removeAll { scores[$0] < Double(limit) }
    case .relative(let ratio):
      if let largest = valid.map({ scores[$0] }).max() {
        let limit = Double(ratio * Float(largest))
        order.removeAll { scores[$0] < limit }
      }
    case .topP(let p):
      func mass(_ b: Int) -> Double { scores[b] > 0 ? scores[b] : 0 }
      let target = Double(p) * valid.reduce(0) { $0 + mass($1) }
      var sum = forced.filter { valid.contains($0) }.reduce(0) { $0 + mass($1) }
      var kept = 0
      while kept < order.count, sum < target {
        sum += mass(order[kept])
        kept += 1
      }
      order.removeSubrange(kept...)
    }
    let room = max(problem.most - forced.count, 0)
    return (forced + order.prefix(room)).sorted()
  }
}
