/// The rate of one operator over the size of its cases.
struct SweepPlot {
  let title: String
  private let series: [(name: String, points: [(work: Double, rate: Double, tip: String)])]
  private let unit: String

  /// A plot for every operator and type with three sizes or more on some device.
  static func all(_ rows: [BenchRow]) -> [SweepPlot] {
    let timed = rows.filter { $0.verified && $0.ms != nil && $0.work != nil }
    return Devices.unique(timed.map { "\($0.op) \($0.dtype)" }).compactMap { title in
      SweepPlot(title, timed.filter { "\($0.op) \($0.dtype)" == title })
    }
  }

  private init?(_ title: String, _ rows: [BenchRow]) {
    self.title = title
    let byFlops = rows.contains { ($0.work?.flopsNeeded ?? 0) > 8 * ($0.work?.bytes ?? 0) }
    unit = byFlops ? "GFLOP/s" : "GB/s"
    series = Devices.names(rows).map { device in
      let points = rows.filter { Devices.name($0) == device }.compactMap {
        row -> (work: Double, rate: Double, tip: String)? in
        guard let work = row.work else { return nil }
        let rate = byFlops ? (row.tflops ?? 0) * 1e3 : row.gbps ?? 0
        guard rate > 0 else { return nil }
        return (
          byFlops ? work.flopsNeeded : work.bytes, rate,
          "\(row.title ?? "") on \(device): \(PlotNumber.short(rate)) \(byFlops ? "GFLOP/s" : "GB/s")"
        )
      }
      return (device, points.sorted { $0.work < $1.work })
    }
    guard series.contains(where: { Set($0.points.map(\.work)).count >= 3 }) else { return nil }
  }

  func svg() -> String {
    var svg = SVG(width: 420, height: 260)
    let (left, right, top, bottom) = (56.0, 404.0, 30.0, 216.0)
    let x = LogAxis(series.flatMap { $0.points.map(\.work) }, from: left, to: right)
    let y = LogAxis(series.flatMap { $0.points.map(\.rate) }, from: bottom, to: top)
    let stride = max(1, (x.high - x.low + 4) / 5)
    for decade in x.decades where (decade - x.low) % stride == 0 {
      let at = x.place(Self.power(decade))
      svg.line(at, top, at, bottom, "grid")
      svg.text(at, bottom + 15, PlotNumber.decade(decade), .middle, "small")
    }
    for decade in y.decades {
      let at = y.place(Self.power(decade))
      svg.line(left, at, right, at, "grid")
      svg.text(left - 5, at + 4, PlotNumber.decade(decade), .end, "small")
    }
    svg.text(left, 16, "\(title), \(unit)")
    svg.text(
      (left + right) / 2, bottom + 32, unit == "GB/s" ? "bytes" : "operations", .middle, "muted")
    for (index, line) in series.enumerated() {
      let points = line.points.map { (x: x.place($0.work), y: y.place($0.rate)) }
      // Cases of equal size differ in kind: the line follows the best of them.
      var best: [(x: Double, y: Double)] = []
      for point in points {
        if let last = best.last, last.x == point.x {
          best[best.count - 1].y = min(last.y, point.y)
        } else {
          best.append(point)
        }
      }
      svg.path(best, "c\(index % 8)")
      for (point, place) in zip(line.points, points) {
        svg.circle(place.x, place.y, 3.5, "c\(index % 8)", tip: point.tip)
      }
      let at = right - 110 * Double(series.count - 1 - index)
      svg.text(at - 6, 16, line.name, .end, "small")
      svg.circle(at, 12, 4, "c\(index % 8)")
    }
    return svg.text(label: "\(title) over size", standalone: false)
  }

  private static func power(_ decade: Int) -> Double {
    var value = 1.0
    for _ in 0..<abs(decade) { value *= 10 }
    return decade < 0 ? 1 / value : value
  }
}
