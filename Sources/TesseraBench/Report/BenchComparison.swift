/// Two sets of rows side by side: which cases became slower or faster, and how sure that is.
package struct BenchComparison: Sendable, Codable {
  package enum Verdict: String, Sendable, Codable {
    case same, faster, slower
    /// One of the two has no time.
    case untimed
  }
  package struct Entry: Sendable, Codable {
    package var op: String
    package var title: String
    package var dtype: String
    package var device: String
    /// Milliseconds before and after.
    package var before: Double?
    package var after: Double?
    /// `after / before` with its 95 % interval.
    package var ratio: Double?
    package var interval: [Double]?
    /// Whether the two printed intervals meet.
    package var agrees: Bool?
    package var verdict: Verdict
  }

  package var entries: [Entry]
  /// Rows that only one side has.
  package var onlyBefore: [String]
  package var onlyAfter: [String]
  /// Differences up to this share are borne.
  package var threshold: Double

  package init(from before: [BenchRow], to after: [BenchRow], threshold: Double = 0.05) {
    self.threshold = threshold
    // The last row of a key counts: files may be appended to.
    let old = Dictionary(before.map { (Self.key($0), $0) }, uniquingKeysWith: { $1 })
    let new = Dictionary(after.map { (Self.key($0), $0) }, uniquingKeysWith: { $1 })
    var seen: Set<String> = []
    entries = after.compactMap { row in
      guard seen.insert(Self.key(row)).inserted, let other = old[Self.key(row)],
        let latest = new[Self.key(row)]
      else { return nil }
      return Self.entry(other, latest, threshold)
    }
    onlyBefore = Devices.unique(before.filter { new[Self.key($0)] == nil }.map(Self.name))
    onlyAfter = Devices.unique(after.filter { old[Self.key($0)] == nil }.map(Self.name))
  }

  package var regressions: [Entry] {
    entries.filter { $0.verdict == .slower || ($0.verdict == .untimed && $0.before != nil) }
  }

  /// Share of timed rows whose intervals meet.
  package var agreement: Double? {
    let known = entries.compactMap(\.agrees)
    return known.isEmpty ? nil : Double(known.count { $0 }) / Double(known.count)
  }

  private static func entry(_ a: BenchRow, _ b: BenchRow, _ threshold: Double) -> Entry {
    var entry = Entry(
      op: b.op, title: b.title ?? "", dtype: b.dtype, device: Devices.name(b),
      before: a.ms?.median, after: b.ms?.median, verdict: .untimed)
    guard let before = a.ms, let after = b.ms, before.median > 0 else { return entry }
    let (first, second) = (interval(before), interval(after))
    let ratio = after.median / before.median
    // Without samples the ends of both intervals bound the ratio.
    let least = second.lowerBound / max(first.upperBound, 1e-12)
    let most = second.upperBound / max(first.lowerBound, 1e-12)
    let range = Bootstrap.ratio(of: b.samples ?? [], to: a.samples ?? []) ?? least...most
    entry.ratio = ratio
    entry.interval = [range.lowerBound, range.upperBound]
    entry.agrees = first.overlaps(second)
    entry.verdict =
      range.lowerBound > 1 + threshold
      ? .slower : range.upperBound < 1 - threshold ? .faster : .same
    return entry
  }

  /// The printed interval; for rows without one, that of a notch: 1.57 quartile distances over √n.
  private static func interval(_ ms: Statistics) -> ClosedRange<Double> {
    if let ci = ms.ci, ci.count == 2, ci[0] <= ci[1] { return ci[0]...ci[1] }
    let half = 1.57 * ms.iqr / Double(max(ms.n, 1)).squareRoot()
    return (ms.median - half)...(ms.median + half)
  }

  private static func key(_ row: BenchRow) -> String {
    let parameters = row.case.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.text)" }
    return ([row.op, row.dtype, row.device, row.backend, "\(row.semantics ?? 1)"] + parameters)
      .joined(separator: " ")
  }

  private static func name(_ row: BenchRow) -> String {
    "\(row.op) \(row.title ?? "") \(row.dtype) on \(Devices.name(row))"
  }
}
