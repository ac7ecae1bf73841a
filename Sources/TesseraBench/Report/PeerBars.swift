/// What ran beside ours: how many times as long it took, as bars.
struct PeerBars {
  private let rows: [BenchRow]
  private static let width = 860.0
  private static let barHeight = 14.0

  init(_ rows: [BenchRow]) {
    self.rows = rows.filter { $0.verified && !$0.peers.isEmpty }
  }

  var isEmpty: Bool { rows.isEmpty }

  func svg() -> String {
    let names = Devices.unique(rows.flatMap { $0.peers.keys.sorted() }).sorted()
    let bars = rows.reduce(0) { $0 + $1.peers.count }
    let top = 58.0
    let height = top + Double(bars) * (Self.barHeight + 4) + Double(rows.count) * 10 + 30
    var svg = SVG(width: Self.width, height: height)
    let (left, right) = (330.0, 760.0)
    let ratios = rows.flatMap { $0.peers.values.map(\.ratio) }
    // Ours is the line at 1; ratios lie on both sides, so the axis is logarithmic.
    let axis = LogAxis(ratios + [0.5, 2], from: left, to: right)
    for decade in axis.decades {
      var value = 1.0
      for _ in 0..<abs(decade) { value *= 10 }
      let at = axis.place(decade < 0 ? 1 / value : value)
      svg.line(at, top - 12, at, height - 24, "grid")
      svg.text(at, height - 8, PlotNumber.decade(decade) + "×", .middle, "small")
    }
    for (index, name) in names.enumerated() {
      svg.rectangle(left + Double(index) * 110, 8, 10, 10, "c\(index % 8)")
      svg.text(left + Double(index) * 110 + 15, 17, name)
    }
    var y = top
    let one = axis.place(1)
    for row in rows {
      let label = "\(row.op) \(row.title ?? "") \(row.dtype)"
      svg.text(left - 10, y + 11, String(label.prefix(48)), .end)
      if row.peers.count > 1 {
        svg.text(left - 10, y + 25, Devices.name(row), .end, "small")
      }
      for (name, peer) in row.peers.sorted(by: { $0.key < $1.key }) {
        let at = axis.place(peer.ratio)
        svg.rectangle(
          min(one, at), y, max(abs(at - one), 1), Self.barHeight,
          "c\((names.firstIndex(of: name) ?? 0) % 8)",
          tip: "\(name): \(PlotNumber.short(peer.ms)) ms, \(PlotNumber.short(peer.ratio))× ours on "
            + Devices.name(row))
        svg.text(max(one, at) + 5, y + 11, "\(PlotNumber.short(peer.ratio))×", .start, "small")
        y += Self.barHeight + 4
      }
      y += 10
    }
    svg.line(one, top - 12, one, height - 24, "axis")
    svg.text(one, top - 16, "Tessera", .middle, "small")
    return svg.text(label: "Time of others divided by ours", standalone: false)
  }
}
