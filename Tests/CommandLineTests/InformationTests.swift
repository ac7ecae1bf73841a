import Foundation
import Testing

@Suite("tessera devices, doctor, plan, selftest") struct InformationTests {
  @Test func `lists devices as text and as JSON`() throws {
    let text = try CommandRunner.run(["devices"])
    #expect(text.status == 0 && text.output.contains("auto takes"))
    let report = try CommandRunner.run(["devices", "--json"]).json()
    let devices = try #require(report["devices"] as? [[String: Any]])
    #expect(devices.contains { $0["id"] as? String == "cpu" })
    #expect(report["auto"] is String && report["reason"] is String)
  }

  @Test func `starts without any loader and runs on the CPU`() throws {
    let nowhere = [
      "TESSERA_OPENCL_LIBRARY": "/nonexistent/a.so", "TESSERA_VULKAN_LIBRARY": "/nonexistent/b.so",
    ]
    let report = try CommandRunner.run(["devices", "--json"], environment: nowhere).json()
    let devices = try #require(report["devices"] as? [[String: Any]])
    #expect(devices.count == 1 && report["auto"] as? String == "cpu")
    #expect((report["missing"] as? [String])?.count == 2)
    let doctor = try CommandRunner.run(["doctor"], environment: nowhere)
    #expect(doctor.status == 0 && doctor.output.contains("apt-get install"), "\(doctor.output)")
  }

  @Test func `doctor passes every device`() throws {
    let outcome = try CommandRunner.run(["doctor", "--json"])
    #expect(outcome.status == 0, "\(outcome.output)")
    let devices = try #require(try outcome.json()["devices"] as? [[String: Any]])
    #expect(devices.allSatisfy { $0["passed"] as? Bool == true }, "\(outcome.output)")
  }

  @Test(arguments: CommandRunner.devices)
  func `plan tells kernel and work without running`(device: String) throws {
    let gemm = try CommandRunner.run([
      "plan", "gemm", "--shape", "100,200,300", "--device", device, "--json",
    ])
    #expect(gemm.status == 0, "\(gemm.error)")
    let summary = try #require(try gemm.json()["summary"] as? [String: Any])
    #expect(summary["flopsNeeded"] as? Double == 12_000_000.0)
    let na = try CommandRunner.run([
      "plan", "na", "--shape", "1,8,8,2,16", "--window", "3", "--device", device,
    ])
    #expect(na.status == 0 && na.output.contains("tiles:"), "\(na.error)")
    let alias = try CommandRunner.run([
      "run", "plan", "gemm", "--shape", "8,8,8", "--device", device,
    ])
    #expect(alias.status == 0, "\(alias.error)")
  }

  @Test func `selftest passes and its failures would be seen`() throws {
    let outcome = try CommandRunner.run(["selftest", "--device", "cpu", "--count", "5", "--json"])
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(outcome.output.contains("\"problems\" : 5"))
    let gradients = try CommandRunner.run([
      "selftest", "--device", "cpu", "--count", "3", "--op", "attention-backward", "--op",
      "na-backward",
    ])
    #expect(gradients.status == 0, "\(gradients.error)")
    #expect(gradients.output.contains("na-backward: 3 of 3 passed"), "\(gradients.output)")
    #expect(try CommandRunner.run(["selftest", "--op", "softmax"]).status == 64)
  }

  @Test func `every command explains itself`() throws {
    for command in [
      [], ["devices"], ["doctor"], ["run"], ["run", "gemm"], ["run", "na"], ["run", "attention"], ["plan"], ["plan", "na"],
      ["plan", "attention"], ["bench"],
      ["selftest"], ["demo"],
    ] {
      let outcome = try CommandRunner.run(command + ["--help"])
      #expect(outcome.status == 0 && outcome.output.contains("USAGE"), "\(command)")
    }
  }
}
