import ArgumentParser
import Tessera
import TesseraConformance
import TesseraHAL
import TesseraRuntime

/// `tessera doctor`
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Says what is installed, what works, what is missing and how to repair it.",
    discussion: "Exit code 0 only if at least one device passes its probe.")

  @Flag(help: "Print one JSON document.") var json = false

  private struct Report: Encodable {
    struct Probe: Encodable {
      var id: String
      var name: String
      var passed: Bool
      var detail: String
      var faults: [String]
      /// Tiers of tensor-core kernels that work, and why others do not; nil where there could be none.
      var tensorTiers: [String]?
      var tensorRefusals: [String: String]?
      var firstMs: Double?
      var laterMs: Double?
    }
    var version = Version.current
    var missing: [String: String] = [:]
    var repairs: [String: String] = [:]
    var cache: String
    var devices: [Probe] = []
  }

  func run() throws {
    var report = Report(cache: cacheState())
    for driver in Backends.all {
      guard let reason = driver.diagnosis() else { continue }
      report.missing[driver.kind.rawValue] = reason
      report.repairs[driver.kind.rawValue] =
        driver.kind == .vulkan
        ? "apt-get install libvulkan1 mesa-vulkan-drivers (or your GPU's driver)"
        : "apt-get install ocl-icd-libopencl1 pocl-opencl-icd (or your GPU's driver)"
    }
    for description in Device.list() { report.devices.append(probe(description)) }
    if json { try Console.json(report) } else { printText(report) }
    if !report.devices.contains(where: \.passed) {
      throw ExitCode(ExitStatus.unavailable.rawValue)
    }
  }

  /// Opens a device, builds kernels, runs a few verified problems and looks at the clock.
  private func probe(_ description: DeviceDescription) -> Report.Probe {
    var result = Report.Probe(
      id: description.id, name: description.name, passed: false, detail: "", faults: [])
    do throws(TesseraError) {
      let device = try Device(description)
      let capabilities = device.context.capabilities
      result.faults = capabilities.faults
      if capabilities.computeCapability != nil, capabilities.backend == .openCL {
        result.tensorTiers = capabilities.tensorTiers?.map(\.rawValue)
        result.tensorRefusals = capabilities.tensorRefusals
      }
      var failures: [ConformanceRunner.Failure] = []
      // Few kernels, as software drivers take seconds to build one; `selftest` is thorough.
      for operation in [ConformanceOperator.gemm, .attention, .na] {
        failures += ConformanceRunner.run(operation, seeds: 1..<4, on: device, variants: 2).failures
      }
      let shape: Shape = [256, 256]
      let a = try Tensor(
        [Float](repeating: 0.5, count: shape.elementCount), shape: shape, on: device)
      var times: [Double] = []
      for _ in 0..<20 {
        let event = try device.record { _ throws(TesseraError) in _ = try device.gemm(a, a) }
        if let seconds = try event.deviceSeconds() { times.append(seconds * 1e3) }
      }
      result.firstMs = times.first
      result.laterMs = times.dropFirst(10).min()
      result.passed = failures.isEmpty
      result.detail =
        failures.first.map { "wrong result: \($0.operation.rawValue) seed \($0.seed): \($0.reason)" }
        ?? "matrix products and attention agree with the oracle"
    } catch {
      result.detail = "\(error)"
    }
    return result
  }

  private func cacheState() -> String {
    if Environment.value("TESSERA_CACHE") == "off" { return "off" }
    guard let cache = DiskCache.standard() else {
      return "unusable: the folder cannot be made, or it is not yours alone (mode 0700)"
    }
    let key = "doctor-probe"
    guard cache.write(key, [1, 2, 3]), cache.read(key) == [1, 2, 3] else {
      return "\(cache.folder): cannot be written; kernels are built anew in every process"
    }
    cache.remove(key)
    return cache.folder
  }

  private func printText(_ report: Report) {
    print("tessera \(report.version)")
    print("kernel cache: \(report.cache)")
    for (backend, reason) in report.missing.sorted(by: { $0.key < $1.key }) {
      print("missing: \(backend): \(reason)")
      if let repair = report.repairs[backend] { print("  repair: \(repair)") }
    }
    for device in report.devices {
      print("\(device.passed ? "ok  " : "FAIL") \(device.id) \(device.name): \(device.detail)")
      for fault in device.faults { print("       known driver fault, worked round: \(fault)") }
      for tier in device.tensorTiers ?? [] { print("       tensor-core kernels: tier \(tier) works") }
      for (tier, reason) in (device.tensorRefusals ?? [:]).sorted(by: { $0.key < $1.key }) {
        print("       tensor-core kernels: no tier \(tier): \(reason)")
      }
      if let first = device.firstMs, let later = device.laterMs {
        print(
          "       clock: 256³ product \(Format.number(first)) ms at first, \(Format.number(later)) ms warmed up")
      }
    }
  }
}
