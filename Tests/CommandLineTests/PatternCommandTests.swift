import Foundation
import Testing
import TesseraCore
import TesseraIO

@Suite("tessera run pattern, plan pattern") struct PatternCommandTests {
  @Test(arguments: CommandRunner.forManyKernels)
  func `lists of every kind are written and verified`(device: String) throws {
    try CommandRunner.withFolder { folder in
      for (kind, options) in [
        ("band", ["--shape", "200", "--window", "30,4", "--causal"]),
        ("diagonals", ["--shape", "200", "--period", "50", "--width", "3", "--prefix", "9"]),
        ("vertical", ["--shape", "200", "--period", "64", "--width", "2"]),
        ("vertical-slash", ["--shape", "200", "--columns", "0,77", "--slashes", "0,64,65"]),
        ("sink-local", ["--shape", "130", "--keys", "200", "--window", "40", "--causal"]),
        ("strided", ["--shape", "200", "--stride", "90", "--heads", "3"]),
        ("neighborhood", ["--shape", "6,7,5", "--window", "3,3,1", "--dilation", "2,1,1"]),
        ("hierarchy", ["--shape", "8,16", "--window", "2,4", "--factor", "2", "--batch", "2"]),
      ] {
        let out = "\(folder)/\(kind).safetensors"
        let outcome = try CommandRunner.run(
          [
            "run", "pattern", "--kind", kind, "--q-block", "16", "--kv-block", "8", "--out", out,
            "--device", device, "--verify", "--json",
          ] + options)
        #expect(outcome.status == 0, "\(kind): \(outcome.error)")
        #expect(try outcome.json()["verified"] as? Bool == true, "\(kind)")
        let file = try SafetensorsFile(path: out)
        let (indices, counts) = (
          try file.tensor(named: "indices"), try file.tensor(named: "counts")
        )
        #expect(Array(indices.shape.dimensions.dropLast()) == counts.shape.dimensions)
      }
    }
  }

  @Test func `a plan says what would run`() throws {
    let outcome = try CommandRunner.run([
      "plan", "pattern", "--kind", "neighborhood", "--shape", "64,64", "--window", "7", "--device", "cpu",
      "--json",
    ])
    #expect(outcome.status == 0, "\(outcome.error)")
    let summary = try #require(try outcome.json()["summary"] as? [String: Any])
    #expect((summary["kernel"] as? String)?.contains("pattern_rows") == true)
  }

  @Test func `what is missing is named`() throws {
    for (options, status, word) in [
      (["--kind", "band"], 65, "--window"), (["--kind", "diagonals"], 65, "--period"),
      (["--kind", "wave"], 64, "--kind"), (["--kind", "vertical-slash"], 65, "--columns"),
      (["--kind", "neighborhood", "--window", "99"], 65, "window"),
    ] as [([String], Int32, String)] {
      let outcome = try CommandRunner.run(
        ["run", "pattern", "--shape", "64", "--device", "cpu"] + options)
      #expect(outcome.status == status, "\(options): \(outcome.error)")
      #expect(outcome.error.contains(word), "\(options): \(outcome.error)")
    }
  }
}
