import Foundation
import Testing

@Suite("tessera tune") struct TuneCommandTests {
  @Test func `a measured form is what is planned, and can be exported and merged`() throws {
    guard CommandRunner.devices.contains("opencl:0") else {
      try Test.cancel("not run: no OpenCL device")
    }
    try CommandRunner.withFolder { folder in
      let here = ["TESSERA_CACHE": folder + "/a", "TESSERA_TUNE": "cached"]
      let shape = ["--shape", "1,64,64", "--device", "opencl:0"]
      let tuned = try CommandRunner.run(
        ["tune", "gemm", "--budget", "0.1", "--rounds", "2"] + shape, environment: here)
      #expect(tuned.status == 0, "\(tuned.error)")
      #expect(tuned.output.contains("1 measurements in"))
      let again = try CommandRunner.run(["tune", "gemm"] + shape, environment: here)
      #expect(again.output.contains("measured before"))
      let plan = try CommandRunner.run(["plan", "gemm"] + shape, environment: here)
      #expect(plan.output.contains("measured on this device"))
      let off = try CommandRunner.run(
        ["plan", "gemm"] + shape, environment: here.merging(["TESSERA_TUNE": "off"]) { $1 })
      #expect(off.status == 0 && !off.output.contains("measured on"))

      let file = folder + "/export.json"
      #expect(try CommandRunner.run(["tune", "export", file], environment: here).status == 0)
      let there = ["TESSERA_CACHE": folder + "/b"]
      #expect(try CommandRunner.run(["tune", "merge", file], environment: there).status == 0)
      let merged = try CommandRunner.run(["plan", "gemm"] + shape, environment: there)
      #expect(merged.output.contains("measured on this device"))
    }
  }

  @Test func `mistakes are named`() throws {
    let mode = try CommandRunner.run(
      ["plan", "gemm", "--shape", "8,8,8", "--device", "cpu"],
      environment: ["TESSERA_TUNE": "sometimes"])
    #expect(mode.status == 65 && mode.error.contains("TESSERA_TUNE: got \"sometimes\", allowed off"))
    let operation = try CommandRunner.run(["tune", "divination"])
    #expect(operation.status == 64 && operation.error.contains("divination"))
    try CommandRunner.withFolder { folder in
      let file = folder + "/x.json"
      try Data("{}".utf8).write(to: URL(filePath: file))
      let merge = try CommandRunner.run(
        ["tune", "merge", file], environment: ["TESSERA_CACHE": folder + "/c"])
      #expect(merge.status == 65 && merge.error.contains("x.json"))
    }
  }
}
