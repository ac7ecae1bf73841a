/// The table of a page: every row with what it was verified to and what it reaches.
struct BenchPageTable {
  private let rows: [BenchRow]

  init(_ rows: [BenchRow]) { self.rows = rows }

  var html: String {
    let peers = Devices.unique(rows.flatMap(\.peers.keys)).sorted()
    let words = ["op", "case", "type", "device", "kernel"]
    let numbers = ["ms", "95 %", "cold ms", "wall ms", "GFLOP/s", "GB/s", "roofline", "error"]
    var text = "<div class=\"scroll\"><table><thead><tr>"
    text += words.map { "<th class=\"t\">\($0)</th>" }.joined()
    text += (numbers + peers.map { "× \(SVG.escaped($0))" }).map { "<th>\($0)</th>" }.joined()
    text += "</tr></thead><tbody>\n"
    for row in rows { text += line(row, peers) }
    return text + "</tbody></table></div>"
  }

  private func line(_ row: BenchRow, _ peers: [String]) -> String {
    func cell(_ value: Double?, _ scale: Double = 1) -> String {
      "<td>\(value.map { PlotNumber.short($0 * scale) } ?? "")</td>"
    }
    var text = "<tr>"
    for word in [
      row.op, row.title ?? "", row.dtype, Devices.name(row), row.plan?.kernel ?? "",
    ] { text += "<td class=\"t\">\(SVG.escaped(word))</td>" }
    if let ms = row.ms {
      text += cell(ms.median)
      text +=
        "<td>\(ms.ci.map { "\(PlotNumber.short($0[0]))–\(PlotNumber.short($0[1]))" } ?? "")</td>"
    } else {
      text += "<td class=\"bad\" colspan=\"2\">\(row.verified ? "not timed" : "failed")</td>"
    }
    text += cell(row.cold?.median) + cell(row.wall?.batch)
    // Where nothing is computed a rate of operations says nothing.
    text += cell((row.tflops ?? 0) > 0 ? row.tflops : nil, 1e3) + cell(row.gbps)
    text +=
      "<td>\(row.roofline.map { "\(PlotNumber.fixed($0 * 100, 0)) % \(row.limit == "arithmetic" ? "A" : "B")" } ?? "")</td>"
    text += cell(row.error?.rms)
    for peer in peers {
      text += "<td>\(row.peers[peer].map { PlotNumber.short($0.ratio) } ?? "")</td>"
    }
    return text + "</tr>\n"
  }
}
