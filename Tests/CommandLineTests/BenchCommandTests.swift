import Foundation
import Testing

@Suite("tessera bench, compare, explain, profile") struct BenchCommandTests {
  private static let small = [
    "bench", "gemm", "--shape", "48,32,40", "--device", "cpu", "--budget", "0.1",
  ]

  /// Rows of a file of JSON lines.
  private static func rows(_ path: String) throws -> [[String: Any]] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
  }

  @Test func `writes rows, a page and a plot`() throws {
    try CommandRunner.withFolder { folder in
      let (json, html, svg) = (folder + "/rows.jsonl", folder + "/rows.html", folder + "/plot.svg")
      let outcome = try CommandRunner.run(
        Self.small + ["--json", json, "--html", html, "--svg", svg, "--arrivals", "server"])
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(outcome.output.contains("gemm") && outcome.output.contains("ceilings of cpu"))
      let row = try #require(try Self.rows(json).first)
      #expect(row["schema"] as? Int == 1 && row["op"] as? String == "gemm")
      #expect(row["verified"] as? Bool == true)
      #expect((row["case"] as? [String: Any])?["m"] as? Int == 48)
      for key in ["ms", "wall", "cold", "server", "ceilings", "executed", "work", "fingerprint"] {
        #expect(row[key] is [String: Any], "\(key)")
      }
      #expect((row["samples"] as? [[Double]])?.count == 3)
      let page = try String(contentsOfFile: html, encoding: .utf8)
      #expect(
        page.hasPrefix("<!DOCTYPE html>") && page.contains("<svg") && page.contains("48×32×40"))
      // Nothing is fetched: the page works without a network.
      #expect(!page.contains("<script") && !page.contains("<link rel=\"stylesheet"))
      #expect(
        page.ranges(of: "http").allSatisfy {
          page[$0.lowerBound...].hasPrefix("http://www.w3.org/2000/svg")
        })
      #expect(try String(contentsOfFile: svg, encoding: .utf8).hasPrefix("<svg"))
    }
  }

  @Test func `the page opens in a real browser without a message`() throws {
    let browsers = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
    guard let browser = browsers.first(where: FileManager.default.isExecutableFile(atPath:)) else {
      try Test.cancel("not run: no chromium")
    }
    try CommandRunner.withFolder { folder in
      let html = folder + "/rows.html"
      let bench = try CommandRunner.run(Self.small + ["--html", html])
      #expect(bench.status == 0, "\(bench.error)")
      for scheme in ["0", "1"] {
        let picture = folder + "/page-\(scheme).png"
        let messages = folder + "/messages-\(scheme).txt"
        try Data().write(to: URL(fileURLWithPath: messages))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: browser)
        process.arguments = [
          "--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1180,1400",
          "--user-data-dir=\(folder)/profile-\(scheme)", "--enable-logging=stderr",
          "--blink-settings=preferredColorScheme=\(scheme)", "--screenshot=\(picture)",
          "file://\(html)",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: messages))
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let text = try String(contentsOfFile: messages, encoding: .utf8)
        #expect(!text.contains("CONSOLE"), "\(text)")
        let size = try Data(contentsOf: URL(fileURLWithPath: picture)).count
        #expect(size > 20_000, "an empty page has fewer bytes than \(size)")
      }
    }
  }

  @Test func `a suite file of one's own is run, a damaged one refused`() throws {
    try CommandRunner.withFolder { folder in
      let path = folder + "/mine.json"
      let text = """
        {"suite": "mine", "about": "two rows", "seconds": 0.05,
         "rows": [{"op": "axpy", "case": {"n": 100}}, {"op": "gemm", "case": {"m": 9, "n": 8, "k": 7}}]}
        """
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      let json = folder + "/rows.jsonl"
      let outcome = try CommandRunner.run(["bench", path, "--device", "cpu", "--json", json])
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(try Self.rows(json).map { $0["op"] as? String } == ["axpy", "gemm"])
      try "{".write(toFile: path, atomically: true, encoding: .utf8)
      let damaged = try CommandRunner.run(["bench", path, "--device", "cpu"])
      #expect(damaged.status == 65 && damaged.error.contains("mine.json"), "\(damaged.error)")
    }
  }

  @Test func `compare tells slower rows by their intervals`() throws {
    try CommandRunner.withFolder { folder in
      let before = folder + "/before.jsonl"
      let outcome = try CommandRunner.run(Self.small + ["--json", before])
      #expect(outcome.status == 0, "\(outcome.error)")
      let same = try CommandRunner.run(["compare", before, before])
      #expect(same.status == 0 && same.output.contains("100.0 %"), "\(same.output)\(same.error)")

      // The same row with every time twice as long, and samples close together.
      var row = try #require(try Self.rows(before).first)
      func write(_ factor: Double, to name: String) throws {
        var ms = try #require(row["ms"] as? [String: Any])
        for key in ["median", "min", "p5", "p95"] { ms[key] = factor }
        (ms["iqr"], ms["ci"]) = (0.0, [0.99 * factor, 1.01 * factor])
        row["ms"] = ms
        row["samples"] = (0..<3).map { round in
          (0..<5).map { (1 + 0.001 * Double($0 + round)) * factor }
        }
        try JSONSerialization.data(withJSONObject: row).write(
          to: URL(fileURLWithPath: folder + name))
      }
      try write(1, to: "/fast.jsonl")
      try write(2, to: "/slow.jsonl")
      let slower = try CommandRunner.run([
        "compare", folder + "/fast.jsonl", folder + "/slow.jsonl",
      ])
      #expect(slower.status == 1 && slower.output.contains("slower"), "\(slower.output)")
      let faster = try CommandRunner.run([
        "compare", folder + "/slow.jsonl", folder + "/fast.jsonl", "--json",
      ])
      #expect(faster.status == 0)
      let entry = try #require((try faster.json()["entries"] as? [[String: Any]])?.first)
      #expect(entry["verdict"] as? String == "faster" && entry["ratio"] as? Double == 0.5)
    }
  }

  @Test func `explain gives every row a verdict`() throws {
    try CommandRunner.withFolder { folder in
      let json = folder + "/rows.jsonl"
      let outcome = try CommandRunner.run(Self.small + ["--json", json])
      #expect(outcome.status == 0, "\(outcome.error)")
      let explained = try CommandRunner.run(["explain", json, "--json"])
      #expect(explained.status == 0, "\(explained.error)")
      let list = try #require(
        try JSONSerialization.jsonObject(with: Data(explained.output.utf8)) as? [[String: Any]])
      let verdicts = ["bandwidth", "arithmetic", "latency", "launch", "tile waste"]
      #expect(
        list.count == 1 && list.allSatisfy { verdicts.contains($0["verdict"] as? String ?? "") })
    }
  }

  @Test func `profile traces an operator and any program`() throws {
    try CommandRunner.withFolder { folder in
      let trace = folder + "/trace.json"
      let outcome = try CommandRunner.run([
        "profile", "gemm", "--shape", "16,16,16", "--device", "cpu", "--runs", "5", "--out", trace,
        "--json",
      ])
      #expect(outcome.status == 0, "\(outcome.error)")
      let profile = try #require(try outcome.json()["profile"] as? [String: Any])
      #expect(profile["commands"] as? Int == 5)
      #expect((profile["kernels"] as? [[String: Any]])?.count == 1)
      let events = try #require(
        try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: trace)))
          as? [[String: Any]])
      #expect(events.count { $0["ph"] as? String == "X" } == 5)

      let program = try CommandRunner.run(
        [
          "profile", "--json", "--program", "--", CommandRunner.path, "selftest", "--op", "gemm",
          "--count", "1", "--device", "cpu",
        ])
      #expect(program.status == 0, "\(program.error)")
      #expect(program.output.contains("\"launchAndQueueMs\""), "\(program.output)")
    }
  }
}
