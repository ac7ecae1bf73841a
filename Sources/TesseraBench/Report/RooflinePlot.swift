/// Rate over arithmetic intensity, under the roofs that each device's ceilings set.
package struct RooflinePlot {
  private let rows: [BenchRow]
  private static let size = (width: 860.0, height: 420.0)
  private static let frame = (left: 64.0, right: 660.0, top: 24.0, bottom: 372.0)

  package init(_ rows: [BenchRow]) {
    self.rows = rows.filter {
      $0.verified && ($0.tflops ?? 0) > 0 && ($0.intensity ?? 0) > 0 && $0.ceilings != nil
    }
  }

  package var isEmpty: Bool { rows.isEmpty }

  package func svg(standalone: Bool) -> String {
    var svg = SVG(width: Self.size.width, height: Self.size.height)
    let frame = Self.frame
    let devices = Devices.names(rows)
    let operations = Devices.unique(rows.map(\.op))
    let x = LogAxis(rows.compactMap(\.intensity), from: frame.left, to: frame.right)
    let rates = rows.compactMap { $0.tflops.map { $0 * 1e3 } }
    let peaks = rows.compactMap { $0.ceilings.map { $0.fmaTflops * 1e3 } }
    let y = LogAxis(rates + peaks, from: frame.bottom, to: frame.top)
    for decade in x.decades {
      let at = x.place(Self.power(decade))
      svg.line(at, frame.top, at, frame.bottom, "grid")
      svg.text(at, frame.bottom + 16, PlotNumber.decade(decade), .middle, "small")
    }
    for decade in y.decades {
      let at = y.place(Self.power(decade))
      svg.line(frame.left, at, frame.right, at, "grid")
      svg.text(frame.left - 6, at + 4, PlotNumber.decade(decade), .end, "small")
    }
    svg.text(
      (frame.left + frame.right) / 2, frame.bottom + 36, "operations per byte", .middle, "muted")
    svg.text(16, (frame.top + frame.bottom) / 2, "GFLOP/s", .middle, "muted", rotated: true)
    for (index, device) in devices.enumerated() {
      guard let ceilings = rows.first(where: { Devices.name($0) == device })?.ceilings else {
        continue
      }
      roof(&svg, x, y, ceilings, device, index)
    }
    for row in rows {
      guard let intensity = row.intensity, let tflops = row.tflops else { continue }
      let colour = (operations.firstIndex(of: row.op) ?? 0) % 8
      let place = (x.place(intensity), y.place(tflops * 1e3))
      let tip =
        "\(row.op) \(row.title ?? "") \(row.dtype) on \(Devices.name(row)): "
        + "\(PlotNumber.short(tflops * 1e3)) GFLOP/s, \(PlotNumber.short((row.roofline ?? 0) * 100)) % of roofline"
      mark(&svg, place, "c\(colour)", devices.firstIndex(of: Devices.name(row)) ?? 0, tip)
    }
    legend(&svg, devices, operations)
    return svg.text(label: "Roofline plot of \(rows.count) rows", standalone: standalone)
  }

  private func roof(
    _ svg: inout SVG, _ x: LogAxis, _ y: LogAxis, _ ceilings: BenchRow.CeilingSummary,
    _ device: String, _ index: Int
  ) {
    let bandwidth = max(ceilings.copyGbps, max(ceilings.readGbps, ceilings.writeGbps))
    let peak = ceilings.fmaTflops * 1e3
    guard bandwidth > 0, peak > 0 else { return }
    let ridge = peak / bandwidth
    let begin = max(x.start, y.start / bandwidth)
    var points: [(x: Double, y: Double)] = []
    if begin < ridge { points.append((x.place(begin), y.place(begin * bandwidth))) }
    points.append((x.place(ridge), y.place(peak)))
    points.append((x.place(max(x.end, ridge)), y.place(peak)))
    svg.path(points, index == 0 ? "roof" : "dash")
    // Near roofs would write over each other: each has its own place along the flat part.
    svg.text(
      Self.frame.right - 6 - Double(index) * 150, y.place(peak) - 6,
      "\(device): \(PlotNumber.short(peak)) GFLOP/s", .end, "small")
  }

  /// Devices differ by shape: a disc, a square, a hollow disc.
  private func mark(
    _ svg: inout SVG, _ at: (x: Double, y: Double), _ colour: String, _ device: Int, _ tip: String
  ) {
    switch device % 3 {
    case 0: svg.circle(at.x, at.y, 5.5, colour, tip: tip)
    case 1: svg.rectangle(at.x - 5, at.y - 5, 10, 10, colour, tip: tip)
    default: svg.circle(at.x, at.y, 4.5, "hollow stroke \(colour)", tip: tip)
    }
  }

  private func legend(_ svg: inout SVG, _ devices: [String], _ operations: [String]) {
    var y = Self.frame.top + 8
    let x = Self.frame.right + 22
    for (index, device) in devices.enumerated() {
      mark(&svg, (x, y), "neutral", index, device)
      svg.text(x + 14, y + 4, String(device.prefix(26)))
      y += 20
    }
    y += 8
    for (index, operation) in operations.enumerated() {
      svg.circle(x, y, 5.5, "c\(index % 8)")
      svg.text(x + 14, y + 4, operation)
      y += 20
    }
  }

  private static func power(_ decade: Int) -> Double {
    var value = 1.0
    for _ in 0..<abs(decade) { value *= 10 }
    return decade < 0 ? 1 / value : value
  }
}

/// Names of devices and other words of rows, in the order of their first appearance.
enum Devices {
  static func name(_ row: BenchRow) -> String { row.fingerprint?.id ?? row.backend }
  static func names(_ rows: [BenchRow]) -> [String] { unique(rows.map(name)) }

  static func unique(_ words: [String]) -> [String] {
    var seen: Set<String> = []
    return words.filter { seen.insert($0).inserted }
  }
}
