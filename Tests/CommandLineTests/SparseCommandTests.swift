import Foundation
import TesseraCore
import TesseraIO
import Testing

@Suite("tessera run sparse-attention, run paged-decode, plan") struct SparseCommandTests {
  private func tensor(_ shape: Shape, _ dtype: DType = .f32, step: Int = 7919) throws -> HostTensor
  {
    let values = (0..<shape.elementCount).map { Float($0 * step % 101) / 50 - 1 }
    return try HostTensor(rounding: values, to: dtype, shape: shape)
  }

  @Test(arguments: CommandRunner.forManyKernels)
  func `gradients over lists are written and verified`(device: String) throws {
    try CommandRunner.withFolder { folder in
      try Safetensors.write(
        [
          ("q", try tensor([1, 6, 4, 8])), ("k", try tensor([1, 9, 2, 8], step: 31)),
          ("v", try tensor([1, 9, 2, 16], step: 17)), ("do", try tensor([1, 6, 4, 16], step: 43)),
          // 64-bit, as NumPy writes integers.
          (
            "indices",
            try HostTensor([0, 3, -1, 1, 9, 9, 2, 2, 0, 4, 1, 1] as [Int64], shape: [1, 2, 2, 3])
          ),
          ("counts", try HostTensor([3, 3, 1, 2] as [Int32], shape: [1, 2, 2])),
          ("sinks", try HostTensor([0.5, -1, 0, 2] as [Float], shape: [4])),
        ], to: folder + "/in.safetensors")
      for schedule in ["query", "kv"] {
        let outcome = try CommandRunner.run([
          "run", "sparse-attention", "--in", "\(folder)/in.safetensors", "--out",
          "\(folder)/out.safetensors", "--q-block", "3", "--kv-block", "2", "--causal", "--window",
          "1,0", "--schedule", schedule, "--backward", "--device", device, "--verify", "--json",
        ])
        #expect(outcome.status == 0, "\(outcome.error)")
        let report = try outcome.json()
        #expect(report["op"] as? String == "sparse-attention-backward")
        #expect(report["verified"] as? Bool == true)
        let file = try SafetensorsFile(path: folder + "/out.safetensors")
        for (name, shape) in [
          ("o", [1, 6, 4, 16]), ("lse", [1, 6, 4]), ("dq", [1, 6, 4, 8]), ("dk", [1, 9, 2, 8]),
          ("dv", [1, 9, 2, 16]), ("dsinks", [4]),
        ] {
          #expect(try file.tensor(named: name).shape.dimensions == shape, "\(name)")
        }
      }
    }
  }

  @Test(arguments: CommandRunner.devices)
  func `a decode over pages is written and verified`(device: String) throws {
    try CommandRunner.withFolder { folder in
      try Safetensors.write(
        [
          ("q", try tensor([2, 4, 8])), ("k_pages", try tensor([5, 4, 2, 8], step: 31)),
          ("v_pages", try tensor([5, 4, 2, 8], step: 17)),
          ("block_table", try HostTensor([4, 0, 2, 1, -1, -1] as [Int32], shape: [2, 3])),
          ("lengths", try HostTensor([11, 3] as [Int32], shape: [2])),
          ("indices", try HostTensor([0, 2, 2, 1, 0, -1, 0, 0] as [Int32], shape: [2, 2, 2])),
        ], to: folder + "/in.safetensors")
      let outcome = try CommandRunner.run([
        "run", "paged-decode", "--in", "\(folder)/in.safetensors", "--out",
        "\(folder)/out.safetensors",
        "--splits", "2", "--device", device, "--verify",
      ])
      #expect(outcome.status == 0, "\(outcome.error)")
      let file = try SafetensorsFile(path: folder + "/out.safetensors")
      #expect(try file.tensor(named: "o").shape.dimensions == [2, 4, 8])
      #expect(try file.tensor(named: "lse").shape.dimensions == [2, 4])
    }
  }

  @Test(arguments: CommandRunner.devices)
  func `plans are printed`(device: String) throws {
    for arguments in [
      [
        "sparse-attention", "--queries", "512", "--heads", "4", "--kv-heads", "2", "--top", "4",
        "--q-block", "1", "--causal", "--backward",
      ],
      ["sparse-attention", "--queries", "100", "--sinks", "--schedule", "kv"],
      ["paged-decode", "--context", "5000", "--heads", "8", "--kv-heads", "1", "--top", "8"],
    ] {
      let outcome = try CommandRunner.run(["plan"] + arguments + ["--device", device, "--json"])
      #expect(outcome.status == 0, "\(outcome.error)")
      let report = try outcome.json()
      let plan = try #require(report["plan"] as? [String: Any])
      #expect((plan["dispatches"] as? [Any])?.isEmpty == false)
      #expect((plan["flopsNeeded"] as? Double ?? 0) > 0)
    }
  }

  @Test func `a unified maximum is compared with the usual softmax`() throws {
    try CommandRunner.withFolder { folder in
      let path = folder + "/rows.jsonl"
      let outcome = try CommandRunner.run([
        "bench", "paged-decode", "--shape", "1,64,2,16", "--unified-maximum", "1", "--device",
        "cpu",
        "--budget", "0.1", "--json", path,
      ])
      #expect(outcome.status == 0, "\(outcome.error)")
      let line = Data(try String(contentsOfFile: path, encoding: .utf8).utf8)
      let row = try #require(try JSONSerialization.jsonObject(with: line) as? [String: Any])
      let peers = try #require(row["peers"] as? [String: Any])
      #expect(row["verified"] as? Bool == true && peers["online"] != nil && peers["dense"] != nil)
    }
    let plan = ["plan", "paged-decode", "--context", "64", "--heads", "2", "--device", "cpu"]
    let refused = try CommandRunner.run(plan + ["--unified-maximum", "inf"])
    #expect(refused.status == 65 && refused.error.contains("unified maximum"), "\(refused.error)")
  }

  @Test func `arguments that do not fit are named`() throws {
    try CommandRunner.withFolder { folder in
      try Safetensors.write(
        [
          ("q", try tensor([1, 6, 4, 8])), ("k", try tensor([1, 9, 2, 8])),
          ("v", try tensor([1, 9, 2, 8])),
          ("indices", try HostTensor([0, 1, 2] as [Int32], shape: [1, 1, 3, 1])),
          ("wrong", try HostTensor([0, 1, 2] as [Int32], shape: [1, 3, 1, 1])),
        ], to: folder + "/in.safetensors")
      let base = ["run", "sparse-attention", "--device", "cpu", "--in", "\(folder)/in.safetensors"]
      for (arguments, word) in [
        (["--q-block", "0"], "q_block"), (["--q-block", "3"], "indices"),
        (["--q-block", "2", "--kv-block", "0"], "kv_block"), (["--window", "3"], "--window"),
        (["--q-block", "2", "--window", "-1,0"], "window"),
        (["--schedule", "both"], "schedule"), (["--backward", "--q-block", "2"], "do"),
      ] {
        let outcome = try CommandRunner.run(base + arguments)
        #expect(
          outcome.status != 0 && outcome.error.contains(word), "\(arguments): \(outcome.error)")
      }
    }
  }
}
