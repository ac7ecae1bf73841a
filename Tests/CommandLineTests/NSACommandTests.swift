import Foundation
import Testing
import TesseraCore
import TesseraIO

@Suite("tessera run select-blocks, run nsa, plan of both") struct NSACommandTests {
  private func tensor(_ shape: Shape, step: Int = 7919) throws -> HostTensor {
    let values = (0..<shape.elementCount).map { Float($0 * step % 101) / 50 - 1 }
    return try HostTensor(rounding: values, to: .f32, shape: shape)
  }

  @Test(arguments: CommandRunner.forManyKernels)
  func `blocks are selected from scores, and from queries and keys`(device: String) throws {
    try CommandRunner.withFolder { folder in
      try Npy.write(try tensor([1, 2, 9, 20]), to: folder + "/scores.npy")
      try Safetensors.write(
        [("q", try tensor([1, 9, 4, 8])), ("k", try tensor([1, 40, 2, 8], step: 31))],
        to: folder + "/in.safetensors")
      for (input, more) in [
        (["--in", "scores=\(folder)/scores.npy"], ["--queries", "9"]),
        (["--in", "\(folder)/in.safetensors"], ["--reduce", "vote"]),
      ] {
        let outcome = try CommandRunner.run(
          ["run", "select-blocks"] + input + more + [
            "--out", "\(folder)/out.safetensors", "--top-k", "5", "--init", "1", "--local", "2",
            "--kv-block", "2", "--causal", "--device", device, "--verify", "--json",
          ])
        #expect(outcome.status == 0, "\(outcome.error)")
        let report = try outcome.json()
        #expect(report["op"] as? String == "select-blocks")
        #expect(report["verified"] as? Bool == true)
        let file = try SafetensorsFile(path: folder + "/out.safetensors")
        #expect(try file.tensor(named: "indices").shape.dimensions == [1, 2, 9, 5])
        #expect(try file.tensor(named: "counts").shape.dimensions == [1, 2, 9])
      }
    }
  }

  @Test(arguments: CommandRunner.forManyKernels)
  func `native sparse attention and its gradients are written and verified`(
    device: String
  ) throws {
    try CommandRunner.withFolder { folder in
      try Safetensors.write(
        [
          ("q", try tensor([1, 30, 4, 8])), ("k", try tensor([1, 41, 2, 8], step: 31)),
          ("v", try tensor([1, 41, 2, 16], step: 17)), ("gates", try tensor([1, 30, 4, 3], step: 13)),
          ("k_win", try tensor([1, 41, 2, 8], step: 11)),
          ("v_win", try tensor([1, 41, 2, 16], step: 19)),
          ("do", try tensor([1, 30, 4, 16], step: 43)),
        ], to: folder + "/in.safetensors")
      let outcome = try CommandRunner.run([
        "run", "nsa", "--in", "\(folder)/in.safetensors", "--out", "\(folder)/out.safetensors",
        "--compress", "4", "--compress-stride", "2", "--block", "8", "--top", "3", "--local", "1",
        "--window", "6", "--backward", "--device", device, "--verify", "--json",
      ])
      #expect(outcome.status == 0, "\(outcome.error)")
      let report = try outcome.json()
      #expect(report["op"] as? String == "nsa-backward")
      #expect(report["verified"] as? Bool == true)
      let file = try SafetensorsFile(path: folder + "/out.safetensors")
      for (name, shape) in [
        ("o", [1, 30, 4, 16]), ("o_cmp", [1, 30, 4, 16]), ("o_slc", [1, 30, 4, 16]),
        ("o_win", [1, 30, 4, 16]), ("indices", [1, 2, 30, 3]), ("dq", [1, 30, 4, 8]),
        ("dk", [1, 41, 2, 8]), ("dv", [1, 41, 2, 16]), ("dgates", [1, 30, 4, 3]),
        ("dk_win", [1, 41, 2, 8]), ("dv_win", [1, 41, 2, 16]),
      ] {
        #expect(try file.tensor(named: name).shape.dimensions == shape, "\(name)")
      }
    }
  }

  @Test func `plans and refusals say what they are about`() throws {
    for arguments in [
      ["select-blocks", "--queries", "4096", "--heads", "8", "--kv-heads", "2", "--causal"],
      ["nsa", "--queries", "4096", "--heads", "8", "--kv-heads", "2", "--head-dim", "128"],
      ["nsa", "--queries", "4096", "--heads", "8", "--kv-heads", "2", "--backward"],
    ] {
      let outcome = try CommandRunner.run(["plan"] + arguments + ["--device", "cpu", "--json"])
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(try outcome.json()["plan"] is [String: Any])
    }
    let two = try CommandRunner.run(
      ["plan", "select-blocks", "--queries", "8", "--top-k", "2", "--top-p", "0.5"])
    #expect(two.status == 64 && two.error.contains("--top-p"))
    let wrong = try CommandRunner.run(
      ["plan", "nsa", "--queries", "8", "--compress-stride", "5", "--device", "cpu"])
    #expect(wrong.status == 64 || wrong.status == 65)
    #expect(wrong.error.contains("compress_stride"))
  }
}
