import Foundation
import Testing

@Suite("tessera plan na and attention") struct PlanTests {
  private func simulation(_ arguments: [String]) throws -> [String: Any] {
    let outcome = try CommandRunner.run(["plan"] + arguments + ["--device", "cpu", "--json"])
    #expect(outcome.status == 0, "\(outcome.error)")
    return try #require(try outcome.json()["simulation"] as? [String: Any])
  }

  @Test func `simulates tiles of neighborhood attention and advises a stride`() throws {
    let na = ["na", "--shape", "1,256,256,24,128", "--window", "80", "--tile", "64"]
    let report = try simulation(na)
    let counts = try #require(report["simulation"] as? [String: Any])
    #expect(report["tilesFrom"] as? String == "options")
    let operations = try #require(counts["boundByOperations"] as? Double)
    #expect(abs(operations - 10.24) < 1e-9)
    let bound = try #require(counts["bound"] as? Double)
    #expect(bound > 8 && bound < operations)
    let advice = try #require((report["advice"] as? [[String: Any]])?.last)
    #expect(advice["isBlockSparse"] as? Bool == true && advice["bound"] as? Double == operations)

    let text = try CommandRunner.run(["plan"] + na + ["--device", "cpu"])
    for part in [
      "simulation: query tile 8×8, key tile 8×8", "partial", "skipped", "10.2× by operations",
      "advice: stride 8×8: all 100 visited tiles",
    ] {
      #expect(text.output.contains(part), "\(text.output)")
    }
  }

  @Test func `simulates the plan's own tiles if no others are asked for`() throws {
    let outcome = try CommandRunner.run([
      "plan", "na", "--shape", "1,8,8,2,16", "--window", "3", "--device", "cpu", "--json",
    ])
    let document = try outcome.json()
    let plan = try #require(document["plan"] as? [String: Any])
    let report = try #require(document["simulation"] as? [String: Any])
    #expect(report["tilesFrom"] as? String == "plan")
    let tiles = try #require(plan["tiles"] as? [String: Int])
    let simulated = try #require((report["simulation"] as? [String: Any])?["tiles"] as? [String: Int])
    #expect(tiles == simulated)
  }

  @Test func `simulates every extension`() throws {
    let report = try simulation([
      "na", "--shape", "1,32,32,4,16", "--keys", "16,64", "--kv-heads", "2", "--value-dim", "8",
      "--extra-keys", "5", "--window", "4,8", "--circular", "1,0", "--causal", "0,1", "--bias",
      "--key-mask", "--query-tile", "4,4", "--key-tile", "2,8", "--backward",
    ])
    let counts = try #require(report["simulation"] as? [String: Any])
    let work = try #require(counts["backward"] as? [String: Double])
    let done = try #require(work["flopsDone"]), needed = try #require(work["flopsNeeded"])
    #expect(done > needed && needed > 0)
    #expect(counts["pairsDense"] as? Double == Double(4 * 1024 * (1024 + 5)))
  }

  @Test func `simulates dense attention, with a bound on time`() throws {
    let shape = [
      "attention", "--queries", "1024", "--heads", "8", "--kv-heads", "2", "--head-dim", "64",
      "--value-dim", "32", "--dtype", "f16", "--tile", "64,128", "--tflops", "50", "--gbps", "4000",
    ]
    let whole = try simulation(shape)
    let counts = try #require(whole["simulation"] as? [String: Any])
    #expect(counts["bound"] as? Double == 1 && counts["waste"] as? Double == 0)
    let bound = try #require(whole["lowerBound"] as? [String: Double])
    let flops = 2.0 * 96 * 1024 * 1024 * 8
    let ms = try #require(bound["ms"])
    #expect(abs(ms - flops / 50e9) < 1e-9)
    let window = try simulation(
      shape + ["--causal", "--top-left", "--window", "128,none", "--soft-cap", "30", "--alibi"])
    let needed = try #require((window["simulation"] as? [String: Any])?["pairsNeeded"] as? Double)
    #expect(needed == Double(8 * (1024 * 129 - 129 * 128 / 2)))
  }

  @Test func `refuses tiles and rates that make no sense`() throws {
    let na = ["plan", "na", "--shape", "1,8,8,2,16", "--window", "3", "--device", "cpu"]
    for (arguments, status) in [
      (["--query-tile", "4,4"], 64), (["--tile", "64", "--query-tile", "4,4", "--key-tile", "4,4"], 64),
      (["--tflops", "0"], 64), (["--tile", "0"], 65), (["--query-tile", "4", "--key-tile", "4"], 65),
      (["--circular", "2"], 64), (["--keys", "7,8"], 65), (["--kv-heads", "3"], 65),
    ] {
      let outcome = try CommandRunner.run(na + arguments)
      #expect(outcome.status == Int32(status), "\(arguments): \(outcome.output) \(outcome.error)")
      #expect(outcome.output.isEmpty)
    }
    let window = try CommandRunner.run(["plan", "attention", "--queries", "8", "--window", "3"])
    #expect(window.status == 64)
  }
}
