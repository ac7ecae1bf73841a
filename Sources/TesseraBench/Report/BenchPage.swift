/// Bench rows as one self-contained page: plots and the whole table, readable light and dark, without a
/// network and without scripts.
package struct BenchPage {
  private let rows: [BenchRow]

  package init(_ rows: [BenchRow]) { self.rows = rows }

  package var html: String {
    let roofline = RooflinePlot(rows)
    let bars = PeerBars(rows)
    let sweeps = SweepPlot.all(rows)
    let commands = Devices.unique(rows.map(\.command))
    let commits = Devices.unique(rows.map(\.commit))
    var body = "<h1>Tessera: \(count(rows.count, "row"))</h1>"
    body +=
      "<p class=\"muted\">Commit \(list(commits)). Command \(commands.map { "<code>\(SVG.escaped($0))</code>" }.joined(separator: ", ")).</p>"
    body += summary
    body += devices
    if !roofline.isEmpty {
      body += section(
        "Roofline",
        "What each row reaches, under what its device's own ceilings allow; both measured in this run. "
          + "Points above a slanted roof worked from caches.", roofline.svg(standalone: false))
    }
    if !bars.isEmpty {
      body += section(
        "Beside others",
        "Time of each peer divided by ours, on the same data in turns. Right of the line we are faster.",
        bars.svg())
    }
    if !sweeps.isEmpty {
      body += section(
        "Over size", "The rate of an operator over the size of its cases, by device.",
        "<div class=\"sweeps\">" + sweeps.map { $0.svg() }.joined() + "</div>")
    }
    body +=
      "<h2>All rows</h2><p class=\"muted\">Medians of device time with their 95 % intervals; cold on "
      + "operands that left the caches, wall per run of a batch with one wait. Roofline: share of what the "
      + "ceilings allow, where bandwidth (B) or arithmetic (A) sets the bound. × others: their time "
      + "divided by ours.</p>" + BenchPageTable(rows).html
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>Tessera bench</title>
      <link rel="icon" href="data:,">
      <style>\(Self.style)</style>
      </head>
      <body><main>
      \(body)
      </main></body>
      </html>

      """
  }

  private var summary: String {
    let failed = rows.filter { !$0.verified }
    let flagged = rows.filter { $0.verified && !($0.flags ?? []).isEmpty }
    var text =
      failed.isEmpty
      ? "<p>Every row was verified against the f64 oracle before it was timed.</p>"
      : "<p class=\"bad\">\(count(failed.count, "row")) failed verification and \(failed.count == 1 ? "has" : "have") no time.</p>"
    guard !flagged.isEmpty else { return text }
    text += "<details><summary>\(count(flagged.count, "row")) flagged</summary><ul>"
    for row in flagged {
      for flag in row.flags ?? [] {
        text +=
          "<li>\(SVG.escaped("\(row.op) \(row.title ?? "") on \(Devices.name(row)): \(flag)"))</li>"
      }
    }
    return text + "</ul></details>"
  }

  private var devices: String {
    var text = "<div class=\"cards\">"
    for device in Devices.names(rows) {
      guard
        let row = rows.first(where: { Devices.name($0) == device && $0.ceilings != nil })
          ?? rows.first(where: { Devices.name($0) == device })
      else { continue }
      text +=
        "<section class=\"card\"><h3>\(SVG.escaped(device))</h3><p>\(SVG.escaped(row.device))<br>"
      text += "<span class=\"muted\">\(SVG.escaped(row.driver))</span></p>"
      if let ceilings = row.ceilings {
        text += "<dl>"
        for (name, value) in [
          ("copy", "\(PlotNumber.short(ceilings.copyGbps)) GB/s"),
          ("read", "\(PlotNumber.short(ceilings.readGbps)) GB/s"),
          ("write", "\(PlotNumber.short(ceilings.writeGbps)) GB/s"),
          ("f32 fma", "\(PlotNumber.short(ceilings.fmaTflops * 1e3)) GFLOP/s"),
          ("launch and wait", "\(PlotNumber.short(ceilings.launchMs * 1e3)) µs"),
        ] { text += "<dt>\(name)</dt><dd>\(value)</dd>" }
        text += "</dl>"
      }
      text += "</section>"
    }
    return text + "</div>"
  }

  private func section(_ title: String, _ about: String, _ content: String) -> String {
    "<h2>\(title)</h2><p class=\"muted\">\(about)</p><figure>\(content)</figure>"
  }

  private func list(_ words: [String]) -> String {
    words.map(SVG.escaped).joined(separator: ", ")
  }

  private func count(_ n: Int, _ what: String) -> String { "\(n) \(what)\(n == 1 ? "" : "s")" }

  private static let style = """
    :root{color-scheme:light dark;\(SVG.light)}
    @media(prefers-color-scheme:dark){:root{\(SVG.dark)}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
    main{max-width:1180px;margin:0 auto;padding:24px 20px 64px}
    h1{font-size:1.6rem;margin:.2em 0}h2{font-size:1.2rem;margin:2em 0 .2em}h3{margin:0;font-size:1rem}
    p{margin:.3em 0}.muted{color:var(--muted)}.bad{color:var(--c7);font-weight:600}
    code{font:13px ui-monospace,monospace;background:var(--panel);padding:1px 5px;border-radius:4px;
    overflow-wrap:anywhere}
    .cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(240px,1fr));gap:14px;margin:18px 0}
    .card{background:var(--panel);border:1px solid var(--grid);border-radius:8px;padding:12px 14px}
    dl{display:grid;grid-template-columns:auto auto;gap:2px 12px;margin:.5em 0 0;font-size:13px;max-width:340px}
    dt{color:var(--muted)}dd{margin:0;text-align:right;font-variant-numeric:tabular-nums}
    figure{margin:10px 0;overflow-x:auto}figure svg{width:100%;min-width:560px;height:auto;display:block}
    .sweeps{display:grid;grid-template-columns:repeat(auto-fit,minmax(380px,1fr));gap:12px}
    .sweeps svg{min-width:0}
    .scroll{overflow-x:auto;border:1px solid var(--grid);border-radius:8px}
    table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums}
    th,td{padding:5px 9px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--grid)}
    th{background:var(--panel);font-weight:600}
    th.t,td.t{text-align:left}td.bad{color:var(--c7)}
    .hollow{fill:var(--page)!important;stroke-width:2.5}.dot.neutral,.fill.neutral{fill:var(--muted)}
    .stroke.neutral{stroke:var(--muted)}
    \(SVG.rules)
    """
}
