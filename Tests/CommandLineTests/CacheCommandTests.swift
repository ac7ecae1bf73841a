import Foundation
import TesseraCore
import TesseraIO
import Testing

@Suite("tessera run quantize, prune and attention over what they make") struct CacheCommandTests {
  private func tensor(_ shape: Shape, _ dtype: DType = .f32, step: Int = 7919) throws -> HostTensor {
    let values = (0..<shape.elementCount).map { Float($0 * step % 101) / 50 - 1 }
    return try HostTensor(rounding: values, to: dtype, shape: shape)
  }

  private func succeed(_ arguments: [String]) throws {
    let outcome = try CommandRunner.run(arguments)
    #expect(outcome.status == 0, "\(arguments): \(outcome.error)")
  }

  @Test(arguments: CommandRunner.devices)
  func `pages become codes, are attended as such, and come back`(device: String) throws {
    try CommandRunner.withFolder { folder in
      try Safetensors.write(
        [
          ("q", try tensor([2, 4, 16])), ("v_pages", try tensor([5, 4, 2, 16], .bf16, step: 17)),
          ("block_table", try HostTensor([4, 0, 2, 1, -1, -1] as [Int32], shape: [2, 3])),
          ("lengths", try HostTensor([11, 3] as [Int32], shape: [2])),
        ], to: folder + "/in.safetensors")
      try TensorFile.write([("x", try tensor([5, 4, 2, 16], .f16, step: 31))], to: folder + "/k.npy")
      let run = ["--device", device, "--verify"]
      try succeed(
        [
          "run", "quantize", "--in", "x=\(folder)/k.npy", "--code", "int4", "--group-channels", "8",
          "--out", "codes=\(folder)/codes.npy", "--out", "parameters=\(folder)/scales.npy",
        ] + run)
      try succeed(
        [
          "run", "dequantize", "--in", "codes=\(folder)/codes.npy", "--in",
          "parameters=\(folder)/scales.npy", "--code", "int4", "--output", "f32", "--out",
          "\(folder)/x.npy",
        ] + run)
      let back = try #require(try TensorFile.read(folder + "/x.npy").first?.tensor)
      #expect(back.dtype == .f32 && back.shape == [5, 4, 2, 16])
      try succeed(
        [
          "run", "paged-decode", "--in", "\(folder)/in.safetensors", "--in",
          "k_pages=\(folder)/codes.npy", "--in", "k_parameters=\(folder)/scales.npy", "--k-code",
          "int4", "--out", "\(folder)/out.safetensors",
        ] + run)
      let file = try SafetensorsFile(path: folder + "/out.safetensors")
      #expect(try file.tensor(named: "o").shape.dimensions == [2, 4, 16])
    }
  }

  @Test(arguments: CommandRunner.devices)
  func `pruned keys and values are attended and come back`(device: String) throws {
    try CommandRunner.withFolder { folder in
      let run = ["--device", device, "--verify"]
      for (name, step) in [("k", 31), ("v", 17)] {
        try TensorFile.write(
          [("x", try tensor([1, 64, 1, 64], .f16, step: step))], to: "\(folder)/\(name).npy")
        var arguments = [
          "run", "prune", "--in", "x=\(folder)/\(name).npy", "--tiles",
          name == "k" ? "keys" : "values", "--sparsity", "0.6",
        ]
        for part in ["bitmaps", "offsets", "values"] {
          arguments += ["--out", "\(part)=\(folder)/\(name)_\(part).npy"]
        }
        try succeed(arguments + run)
      }
      try TensorFile.write([("q", try tensor([1, 2, 64]))], to: folder + "/q.npy")
      var inputs = ["--in", "q=\(folder)/q.npy"]
      for name in ["k_bitmaps", "k_offsets", "k_values", "v_bitmaps", "v_offsets", "v_values"] {
        inputs += ["--in", "\(name)=\(folder)/\(name).npy"]
      }
      try succeed(
        ["run", "pruned-decode", "--k-sparsity", "0.6", "--v-sparsity", "0.6"] + inputs + run)
      let parts = ["bitmaps", "offsets", "values"].flatMap {
        ["--in", "\($0)=\(folder)/v_\($0).npy"]
      }
      try succeed(
        ["run", "prune", "--unprune", "--tiles", "values", "--sparsity", "0.6"] + parts + [
          "--out", "\(folder)/x.npy",
        ] + run)
      let back = try #require(try TensorFile.read(folder + "/x.npy").first?.tensor)
      #expect(back.shape == [1, 64, 1, 64])
    }
  }

  @Test func `what does not fit is refused`() throws {
    try CommandRunner.withFolder { folder in
      try TensorFile.write([("x", try tensor([2, 2, 16]))], to: folder + "/x.npy")
      let outcome = try CommandRunner.run([
        "run", "quantize", "--in", "x=\(folder)/x.npy", "--code", "fp8", "--device", "cpu",
      ])
      #expect(outcome.status != 0 && outcome.error.contains("fp8"))
      let small = try CommandRunner.run([
        "run", "prune", "--in", "x=\(folder)/x.npy", "--tiles", "keys", "--device", "cpu",
      ])
      #expect(small.status != 0 && small.error.contains("[B, N, H, D]"))
    }
  }
}
