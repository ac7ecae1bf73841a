import TesseraBench

/// Bench rows as an aligned table.
enum BenchTable {
  static func text(_ rows: [BenchRow]) -> String {
    let peers = Set(rows.flatMap(\.peers.keys)).sorted()
    var table = TextTable(
      [
        "op", "case", "dtype", "device", "kernel", "ms", "±", "TFLOP/s", "GB/s", "roofline", "error",
        "scratch",
      ]
        + peers.map { "× \($0)" })
    for row in rows {
      let ms = row.ms
      table.add(
        [
          row.op, row.title ?? row.caseText, row.dtype, row.fingerprint?.id ?? row.backend,
          row.plan?.kernel ?? "–",
          ms.map { Format.number($0.median) } ?? "FAILED",
          ms.map { Format.number(Self.halfWidth($0), digits: 2) } ?? "",
          row.tflops.map { Format.number($0, digits: 3) } ?? "",
          row.gbps.map { Format.number($0, digits: 3) } ?? "",
          row.roofline.map { "\(Format.fixed($0 * 100, 0)) % \(row.limit ?? "")" } ?? "",
          row.error.map { Format.number($0.rms, digits: 2) } ?? "",
          row.scratchBytes.map { Format.bytes($0) } ?? "",
        ] + peers.map { row.peers[$0].map { Format.fixed($0.ratio, 2) } ?? "" })
    }
    var lines = [table.text]
    let absent = rows.reduce(into: [String: String]()) { result, row in
      for (peer, reason) in row.notRun { result["\(row.backend)/\(peer)"] = reason }
    }
    lines.append(
      "±: half of the median's 95 % interval; roofline: share of what the device's own ceilings allow")
    for row in rows where row.verified {
      for flag in row.flags ?? [] {
        lines.append("flag: \(row.op) \(row.title ?? row.caseText) on \(row.fingerprint?.id ?? row.backend): \(flag)")
      }
    }
    for device in Set(rows.compactMap { $0.fingerprint?.id }).sorted() {
      guard let ceilings = rows.first(where: { $0.fingerprint?.id == device })?.ceilings else { continue }
      lines.append(
        "ceilings of \(device): copy \(Format.number(ceilings.copyGbps, digits: 3)), read "
          + "\(Format.number(ceilings.readGbps, digits: 3)), write "
          + "\(Format.number(ceilings.writeGbps, digits: 3)) GB/s, f32 fma "
          + "\(Format.number(ceilings.fmaTflops * 1e3, digits: 3)) GFLOP/s, launch and wait "
          + "\(Format.number(ceilings.launchMs * 1e3, digits: 3)) µs")
    }
    if !peers.isEmpty { lines.append("× peer: its time divided by ours, above 1 is faster than the peer") }
    for row in rows {
      guard let speedup = row.speedup, let bound = row.bound, let share = row.share else { continue }
      lines.append(
        "\(row.op) \(row.dtype) \(row.title ?? row.caseText) on \(row.backend): "
          + "\(Format.fixed(speedup, 2))× dense of \(Format.fixed(bound, 2))× possible with these tiles, "
          + "\(Format.fixed(share * 100, 0)) %")
    }
    for (peer, reason) in absent.sorted(by: { $0.key < $1.key }) {
      lines.append("not run: \(peer): \(reason)")
    }
    for row in rows { if let note = row.note { lines.append("\(row.op) \(row.caseText): \(note)") } }
    return lines.joined(separator: "\n")
  }

  /// Half of the printed interval; half of the quartiles' distance where there is none.
  private static func halfWidth(_ ms: Statistics) -> Double {
    guard let ci = ms.ci, ci.count == 2 else { return ms.iqr / 2 }
    return (ci[1] - ci[0]) / 2
  }
}

extension BenchRow {
  /// The parameters as `name=value`, for rows without a title.
  var caseText: String {
    self.case.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.text)" }.joined(separator: " ")
  }
}
