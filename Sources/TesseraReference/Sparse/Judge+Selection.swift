package import TesseraCore

extension Judge {
  /// Scores of blocks: error, total and per row, at most twice that of a plain evaluation or the floor
  /// of f32, for 16-bit tensors with pooling that of their rounding; −inf exactly where the oracle has it.
  package static func blockScores(
    _ problem: BlockScoreProblem, _ values: [Double], gold: BlockScoreOracle, plain: [Double]
  ) -> Verdict {
    let report = ErrorReport(
      values, gold: gold.scores, rowLength: problem.rows.blocks,
      bound: { 2 * gold.uncertainty[$0] + 0x1p-125 })
    let yardstick = ErrorReport(plain, gold: gold.scores, rowLength: problem.rows.blocks)
    let total = max(2 * yardstick.total, Self.floor(problem.dtype))
    return Verdict(
      passed: report.nonFinite == 0 && report.total <= total && report.boundRatio <= 1,
      report: report, allowed: "total \(total), error/bound 1")
  }

  /// What is wrong with the list of a row of a selection, or nil.
  ///
  /// The list must be what the oracle's scores ask for, but that two blocks whose scores differ by less
  /// than the sum of their uncertainties may change places. Sums of scores may be off by as much as all
  /// uncertainties together.
  package static func selectionFault(
    _ problem: SelectionProblem, row: Int, scores: [Double], uncertainty: [Double], list: [Int]
  ) -> String? {
    guard zip(list, list.dropFirst()).allSatisfy({ $0 < $1 }) else { return "not ascending" }
    let valid = Set(
      scores.indices.filter {
        problem.rows.sees(row, $0) && !scores[$0].isNaN && scores[$0] != -.infinity
      })
    let forced = Set(scores.indices.filter { problem.forces(row, $0) })
    let chosen = Set(list)
    guard forced.isSubset(of: chosen) else {
      return "lacks forced blocks \(forced.subtracting(chosen).sorted())"
    }
    guard chosen.isSubset(of: valid.union(forced)) else {
      return "has blocks that are no choice: \(chosen.subtracting(valid.union(forced)).sorted())"
    }
    let (own, rest) = (chosen.subtracting(forced), valid.subtracting(chosen))
    guard chosen.count <= max(problem.most, forced.count) else {
      return "\(chosen.count) blocks, at most \(problem.most)"
    }
    // No block that was left out is better than one that was taken.
    if let worst = own.min(by: { scores[$0] < scores[$1] }) {
      for b in rest where scores[b] - uncertainty[b] > scores[worst] + uncertainty[worst] {
        return "has block \(worst) of score \(scores[worst]) but not \(b) of \(scores[b])"
      }
    }
    let full = chosen.count == problem.most
    switch problem.rule {
    case .topK:
      if !rest.isEmpty, !full { return "\(chosen.count) blocks of \(valid.union(forced).count)" }
    case .threshold, .relative:
      var (limit, slack) = (-Double.infinity, 0.0)
      if case .threshold(let value) = problem.rule { limit = Double(value) }
      if case .relative(let ratio) = problem.rule,
        let best = valid.max(by: { scores[$0] < scores[$1] })
      {
        limit = Double(ratio) * scores[best]
        slack = uncertainty[best] + abs(limit) * u
      }
      if let b = own.first(where: { scores[$0] + uncertainty[$0] + slack < limit }) {
        return "block \(b) of score \(scores[b]) is below \(limit)"
      }
      if !full, let b = rest.first(where: { scores[$0] - uncertainty[$0] - slack > limit }) {
        return "block \(b) of score \(scores[b]) is not below \(limit)"
      }
    case .topP(let share):
      func mass(_ blocks: Set<Int>) -> Double { blocks.reduce(0) { $0 + max(scores[$1], 0) } }
      let all = mass(valid)
      let slack =
        valid.reduce(0) { $0 + uncertainty[$1] } + all * u * Double(valid.count + 8)
      let target = Double(share) * all
      let sum = mass(chosen.intersection(valid))
      if !full, !rest.isEmpty, sum + slack < target { return "sums to \(sum) of \(target)" }
      if let worst = own.min(by: { scores[$0] < scores[$1] }),
        sum - max(scores[worst], 0) - slack > target
      {
        return "sums to \(sum), more than \(target) without block \(worst)"
      }
    }
    return nil
  }
}

extension Judge {
  /// The lists of a selection: each what `selectionFault` takes for right, counted, and −1 behind.
  /// - Parameters:
  ///   - scores: `[B, Hl, R, M]` of the oracle.
  ///   - uncertainty: by how much each of them may be off; zeros for given scores.
  package static func selection(
    _ problem: SelectionProblem, scores: [Double], uncertainty: [Double], indices: [Int],
    counts: [Int]
  ) -> Verdict {
    let (blocks, width, rows) = (problem.rows.blocks, problem.width, problem.rows.rows)
    var fault: String?
    if counts.count != problem.countDimensions.reduce(1, *) || indices.count != counts.count * width {
      fault = "\(counts.count) counts, \(indices.count) indices"
    }
    for (index, count) in counts.enumerated() where fault == nil {
      let entries = indices[(index * width)..<((index + 1) * width)]
      if !(0...width).contains(count) || entries.dropFirst(count).contains(where: { $0 != -1 }) {
        fault = "list \(index) of count \(count): \(entries.prefix(64))"
        continue
      }
      let range = (index * blocks)..<((index + 1) * blocks)
      fault = selectionFault(
        problem, row: index % rows, scores: Array(scores[range]),
        uncertainty: Array(uncertainty[range]), list: Array(entries.prefix(count))
      ).map { "list \(index): \($0)" }
    }
    return Verdict(
      passed: fault == nil, report: ErrorReport([], gold: [], rowLength: 1),
      allowed: fault ?? "lists of the oracle, but for scores that differ by less than their errors")
  }

  /// The gated sum of branches as they were stored: `4·u·Σ |gate·o|` and half an ulp.
  package static func gated(
    _ problem: NSAProblem, _ values: [Double], gates: [Double], branches: [[Double]]
  ) -> Verdict {
    let gold = Reference.nsaGated(problem, gates: gates, branches: branches)
    let report = ErrorReport(values, gold: gold.o, rowLength: problem.valueDim) { i in
      4 * u * gold.magnitude[i] + rounding(gold.o[i], problem.dtype)
    }
    return Verdict(
      passed: report.nonFinite == 0 && report.boundRatio <= 1, report: report,
      allowed: "4·u·Σ |gate·o| and half an ulp of \(problem.dtype)")
  }
}
