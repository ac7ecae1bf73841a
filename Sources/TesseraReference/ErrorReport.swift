/// How far computed values lie from the oracle's.
package struct ErrorReport: Sendable, CustomStringConvertible {
  /// `RMS(x − gold) / RMS(gold)` over everything.
  package private(set) var total = 0.0
  /// The same for the worst row.
  ///
  /// A row's own RMS is the scale, but at least the whole's divided by the row's length: a row of one
  /// or two elements may cancel to almost nothing, which is no fault of the kernel.
  package private(set) var worstRow = 0.0
  package private(set) var worstRowIndex = 0
  /// Largest `|x − gold| / bound`, if bounds were given: at most 1 is a pass.
  package private(set) var boundRatio = 0.0
  package private(set) var worstElement = 0
  /// Elements that are NaN or infinite where the oracle is not, or not equal to it where it is.
  package private(set) var nonFinite = 0
  package private(set) var firstNonFinite: Int?

  /// Compares `values` with `gold`.
  /// - Parameters:
  ///   - rowLength: elements per row; 0 or 1 makes every element a row.
  ///   - bound: the largest error element `i` may have, if there is such a bound.
  ///   - atLeast: what stands in for the oracle's values as the scale of errors, where its RMS is
  ///     larger than theirs: sums that cancel have no scale of their own.
  package init(
    _ values: [Double], gold: [Double], rowLength: Int, bound: ((Int) -> Double)? = nil,
    atLeast: [Double]? = nil
  ) {
    guard values.count == gold.count else {
      nonFinite = max(values.count, gold.count)
      return
    }
    guard !gold.isEmpty else { return }
    let length = max(rowLength, 1)
    var (allError, allGold, allLeast) = (0.0, 0.0, 0.0)
    var rows: [(error: Double, gold: Double)] = []
    for start in stride(from: 0, to: gold.count, by: length) {
      var (rowError, rowGold, rowLeast) = (0.0, 0.0, 0.0)
      for i in start..<min(start + length, gold.count) {
        let (x, y) = (values[i], gold[i])
        guard x.isFinite, y.isFinite else {
          // -inf as the LSE of an empty row is a right answer; NaN never equals anything.
          if x != y {
            nonFinite += 1
            firstNonFinite = firstNonFinite ?? i
          }
          continue
        }
        let error = abs(x - y)
        rowError += error * error
        rowGold += y * y
        if let atLeast { rowLeast += atLeast[i] * atLeast[i] }
        if let bound, error > 0 {
          let ratio = error / bound(i)
          if !(ratio <= boundRatio) { (boundRatio, worstElement) = (ratio, i) }
        }
      }
      rows.append((rowError, max(rowGold, rowLeast)))
      allError += rowError
      allGold += rowGold
      allLeast += rowLeast
    }
    total = Self.ratio(allError, max(allGold, allLeast))
    let floor = allGold / Double(gold.count) / Double(length)
    for (index, row) in rows.enumerated() {
      let error = Self.ratio(row.error, max(row.gold, floor))
      if error > worstRow { (worstRow, worstRowIndex) = (error, index) }
    }
  }

  private static func ratio(_ error: Double, _ gold: Double) -> Double {
    error == 0 ? 0 : (error / gold).squareRoot()
  }

  package var description: String {
    "error \(total), worst row \(worstRow) (row \(worstRowIndex)), "
      + "error/bound \(boundRatio) (element \(worstElement)), "
      + "wrong non-finite \(nonFinite)\(firstNonFinite.map { " (first at \($0))" } ?? "")"
  }
}
