import Foundation
import Testing
import TesseraCore
import TesseraIO

@Suite("tessera run attention, run na --backward, bench") struct AttentionCommandTests {
  private func tensor(_ shape: Shape, _ dtype: DType = .f32, step: Int = 7919) throws -> HostTensor {
    let values = (0..<shape.elementCount).map { Float($0 * step % 101) / 50 - 1 }
    return try HostTensor(rounding: values, to: dtype, shape: shape)
  }

  @Test(arguments: CommandRunner.forManyKernels)
  func `gradients of dense attention are written and verified`(device: String) throws {
    try CommandRunner.withFolder { folder in
      try Safetensors.write(
        [
          ("q", try tensor([1, 6, 4, 8])), ("k", try tensor([1, 9, 2, 8], step: 31)),
          ("v", try tensor([1, 9, 2, 16], step: 17)), ("do", try tensor([1, 6, 4, 16], step: 43)),
        ], to: folder + "/in.safetensors")
      let outcome = try CommandRunner.run([
        "run", "attention", "--in", "\(folder)/in.safetensors", "--out", "\(folder)/out.safetensors",
        "--causal", "--window", "4,none", "--backward", "--device", device, "--verify", "--json",
      ])
      #expect(outcome.status == 0, "\(outcome.error)")
      let report = try outcome.json()
      #expect(report["op"] as? String == "attention-backward")
      #expect(report["verified"] as? Bool == true)
      #expect((report["plan"] as? [String: Any])?["scratchBytes"] is Int)
      #expect(report["forward"] is [String: Any])
      let file = try SafetensorsFile(path: folder + "/out.safetensors")
      for (name, shape) in [
        ("o", [1, 6, 4, 16]), ("lse", [1, 6, 4]), ("dq", [1, 6, 4, 8]), ("dk", [1, 9, 2, 8]),
        ("dv", [1, 9, 2, 16]),
      ] {
        #expect(try file.tensor(named: name).shape.dimensions == shape, "\(name)")
      }
    }
  }

  @Test func `packed sequences, slopes and a given forward pass are taken from files`() throws {
    try CommandRunner.withFolder { folder in
      let inputs: [(name: String, tensor: HostTensor)] = [
        ("q", try tensor([7, 2, 8])), ("k", try tensor([7, 2, 8], step: 31)),
        ("v", try tensor([7, 2, 8], step: 17)), ("do", try tensor([7, 2, 8], step: 43)),
        ("alibi", try HostTensor([0.25, 0.0625] as [Float], shape: [2])),
        // 64-bit, as NumPy writes integers.
        ("cu_q", try HostTensor([0, 3, 6] as [Int64], shape: [3])),
        ("cu_k", try HostTensor([0, 4, 7] as [Int64], shape: [3])),
      ]
      try Safetensors.write(inputs, to: folder + "/in.safetensors")
      let base = [
        "run", "attention", "--in", "\(folder)/in.safetensors", "--soft-cap", "5", "--top-left",
        "--device", "cpu", "--verify",
      ]
      let forward = try CommandRunner.run(base + ["--out", "\(folder)/f.safetensors"])
      #expect(forward.status == 0, "\(forward.error)")
      let first = try CommandRunner.run(base + ["--backward", "--out", "dq=\(folder)/a.npy"])
      let second = try CommandRunner.run(
        base + ["--backward", "--in", "\(folder)/f.safetensors", "--out", "dq=\(folder)/b.npy"])
      #expect(first.status == 0 && second.status == 0, "\(first.error)\(second.error)")
      #expect(try Npy.read(folder + "/a.npy").floats() == Npy.read(folder + "/b.npy").floats())
    }
  }

  @Test(arguments: CommandRunner.forManyKernels)
  func `gradients of neighborhood attention with all extensions`(device: String) throws {
    try CommandRunner.withFolder { folder in
      try Safetensors.write(
        [
          ("q", try tensor([1, 8, 4, 2, 8], .f16)), ("k", try tensor([1, 4, 4, 1, 8], .f16, step: 31)),
          ("v", try tensor([1, 4, 4, 1, 8], .f16, step: 17)),
          ("do", try tensor([1, 8, 4, 2, 8], .f16, step: 43)),
          ("extra_k", try tensor([1, 2, 1, 8], .f16)), ("extra_v", try tensor([1, 2, 1, 8], .f16)),
          ("bias", try tensor([2, 5, 5])),
          ("key_mask", try HostTensor((0..<16).map { UInt8($0 % 3) }, shape: [1, 4, 4])),
        ], to: folder + "/in.safetensors")
      let outcome = try CommandRunner.run([
        "run", "na", "--in", "\(folder)/in.safetensors", "--out", "\(folder)/out.safetensors",
        "--window", "3", "--circular", "0,1", "--causal", "1,0", "--backward", "--device", device,
        "--verify",
      ])
      #expect(outcome.status == 0, "\(outcome.error)")
      let file = try SafetensorsFile(path: folder + "/out.safetensors")
      for name in ["o", "lse", "dq", "dk", "dv", "dextra_k", "dextra_v", "dbias"] {
        _ = try file.tensor(named: name)
      }
      #expect(try file.tensor(named: "dbias").dtype == .f32)
    }
  }

  @Test func `mistakes are named`() throws {
    try CommandRunner.withFolder { folder in
      try Safetensors.write(
        [
          ("q", try tensor([1, 4, 2, 8])), ("o", try tensor([1, 4, 2, 8])),
          ("cu_q", try HostTensor([0, 9] as [Int32], shape: [2])),
        ], to: folder + "/q.safetensors")
      try Npy.write(try tensor([1, 4, 2, 8]), to: folder + "/k.npy")
      try Npy.write(try tensor([1, 4, 2, 8], .f16), to: folder + "/half.npy")
      func run(_ more: [String]) throws -> CommandRunner.Outcome {
        try CommandRunner.run(
          [
            "run", "attention", "--in", "q=\(folder)/k.npy", "--in", "k=\(folder)/k.npy", "--in",
            "v=\(folder)/k.npy", "--device", "cpu",
          ] + more)
      }
      for (arguments, status, word) in [
        (["--backward"], 65, "input do"),
        (["--backward", "--in", "do=\(folder)/half.npy"], 65, "do element type"),
        (["--backward", "--in", "do=\(folder)/k.npy", "--in", "\(folder)/q.safetensors"], 65, "lse"),
        (["--in", "\(folder)/q.safetensors"], 65, "cu_k"),
        (["--window", "3"], 64, "window"), (["--window", "-1,2"], 64, "window"),
        (["--soft-cap", "0"], 65, "soft_cap"),
      ] as [([String], Int32, String)] {
        let outcome = try run(arguments)
        #expect(outcome.status == status, "\(arguments): \(outcome.error)")
        #expect(outcome.error.contains(word), "\(arguments): \(outcome.error)")
      }
    }
  }

  @Test func `bench compares neighborhood attention with dense attention`() throws {
    try CommandRunner.withFolder { folder in
      let path = folder + "/rows.jsonl"
      let outcome = try CommandRunner.run([
        "bench", "na", "na-backward", "--shape", "1,24,24,1,16", "--window", "7", "--device", "cpu",
        "--budget", "0.2", "--json", path,
      ])
      #expect(outcome.status == 0, "\(outcome.error)")
      let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
      #expect(lines.count == 2)
      for line in lines {
        let row = try #require(
          try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(row["verified"] as? Bool == true)
        let (speedup, bound) = (row["speedup"] as? Double ?? 0, row["bound"] as? Double ?? 0)
        #expect(speedup > 0 && bound > 1, "\(line)")
        #expect(abs((row["share"] as? Double ?? 0) - speedup / bound) < 1e-6)
        let operands = row["operandBytes"] as? Int ?? 0
        #expect(operands > 0 && (row["peakBytes"] as? Int ?? 0) >= operands, "\(line)")
        #expect(row["scratchBytes"] is Int)
      }
      let alone = try CommandRunner.run([
        "bench", "attention", "attention-backward", "--shape", "1,128,2,16", "--causal", "1",
        "--window", "63,0", "--device", "cpu", "--budget", "0.1",
      ])
      #expect(alone.status == 0 && alone.output.contains("attention-backward"), "\(alone.error)")
    }
  }
}
