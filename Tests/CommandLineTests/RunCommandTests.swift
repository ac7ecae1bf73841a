import Foundation
import Testing
import TesseraCore
import TesseraIO

@Suite("tessera run") struct RunCommandTests {
  @Test(arguments: CommandRunner.devices)
  func `gemm writes the product and verifies it`(device: String) throws {
    try CommandRunner.withFolder { folder in
      try Npy.write(try HostTensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3]), to: folder + "/a.npy")
      try Npy.write(try HostTensor([1, 0, 0, 1, 1, 1] as [Float], shape: [3, 2]), to: folder + "/b.npy")
      let outcome = try CommandRunner.run([
        "run", "gemm", "--in", "a=\(folder)/a.npy", "--in", "b=\(folder)/b.npy", "--out",
        "\(folder)/d.npy", "--device", device, "--verify", "--json",
      ])
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(try Npy.read(folder + "/d.npy").floats() == [4, 5, 10, 11])
      let report = try outcome.json()
      #expect(report["verified"] as? Bool == true)
      #expect((report["device"] as? [String: Any])?["id"] as? String == device)
      #expect((report["ms"] as? Double ?? 0) > 0)
    }
  }

  @Test(arguments: CommandRunner.devices)
  func `na takes and writes safetensors`(device: String) throws {
    try CommandRunner.withFolder { folder in
      let shape: Shape = [1, 6, 5, 2, 8]
      let values = (0..<shape.elementCount).map { Float($0 * 7919 % 101) / 50 - 1 }
      let tensor = try HostTensor(rounding: values, to: .f16, shape: shape)
      try Safetensors.write([("q", tensor), ("k", tensor), ("v", tensor)], to: folder + "/in.safetensors")
      let outcome = try CommandRunner.run([
        "run", "na", "--in", "\(folder)/in.safetensors", "--out", "\(folder)/out.safetensors",
        "--window", "3,3", "--causal", "0,1", "--device", device, "--verify",
      ])
      #expect(outcome.status == 0, "\(outcome.error)")
      let file = try SafetensorsFile(path: folder + "/out.safetensors")
      let o = try file.tensor(named: "o")
      #expect(o.shape == shape && o.dtype == .f16)
      #expect(try file.tensor(named: "lse").shape.dimensions == [1, 6, 5, 2])
    }
  }

  @Test(arguments: CommandRunner.devices.filter { $0 != "cpu" })
  func `a second start compiles nothing`(device: String) throws {
    try CommandRunner.withFolder { folder in
      try Npy.write(try HostTensor([Float](repeating: 1, count: 64), shape: [8, 8]), to: folder + "/a.npy")
      func kernels() throws -> [String: Any] {
        let outcome = try CommandRunner.run(
          [
            "run", "gemm", "--in", "a=\(folder)/a.npy", "--in", "b=\(folder)/a.npy", "--device", device,
            "--json",
          ], environment: ["TESSERA_CACHE": folder + "/cache"])
        #expect(outcome.status == 0, "\(outcome.error)")
        return try #require(try outcome.json()["kernels"] as? [String: Any])
      }
      #expect(try kernels()["compiled"] as? Int ?? 0 > 0)
      let second = try kernels()
      #expect(second["compiled"] as? Int == 0)
      let hits = (second["cacheHits"] as? Int ?? 0) + (second["driverCached"] as? Int ?? 0)
      #expect(hits > 0)
    }
  }

  @Test func `errors have their exit code, name the argument and leave no file`() throws {
    try CommandRunner.withFolder { folder in
      try Npy.write(try HostTensor([1, 2, 3, 4] as [Float], shape: [2, 2]), to: folder + "/a.npy")
      try Npy.write(try HostTensor([1, 2, 3] as [Float], shape: [3, 1]), to: folder + "/b.npy")
      try "not an array".write(toFile: folder + "/c.npy", atomically: true, encoding: .utf8)
      let out = ["--out", folder + "/d.npy", "--device", "cpu"]
      func inputs(_ b: String) -> [String] {
        ["run", "gemm", "--in", "a=\(folder)/a.npy", "--in", "b=\(folder)/\(b)"] + out
      }
      for (arguments, status, word) in [
        (inputs("b.npy"), 65, "b: got shape [3, 1]"),
        (inputs("c.npy"), 65, "c.npy"),
        (inputs("missing.npy"), 74, "missing.npy"),
        (["run", "gemm", "--in", "a=\(folder)/a.npy"] + out, 65, "input b"),
        (inputs("a.npy") + ["--frobnicate"], 64, "frobnicate"),
        (inputs("a.npy") + ["--repeat", "0"], 64, "--repeat"),
        (inputs("a.npy").dropLast(1) + ["gpu"], 64, "--device"),
        (inputs("a.npy").dropLast(1) + ["vulkan:99"], 69, "vulkan:99"),
        (inputs("a.npy").dropLast(3) + ["/nonexistent/d.npy", "--device", "cpu"], 74, "/nonexistent"),
      ] as [([String], Int32, String)] {
        let outcome = try CommandRunner.run(arguments)
        #expect(outcome.status == status, "\(arguments): \(outcome.error)")
        #expect(outcome.error.contains(word), "\(arguments): \(outcome.error)")
        #expect(outcome.output.isEmpty)
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 3)
    }
  }
}
