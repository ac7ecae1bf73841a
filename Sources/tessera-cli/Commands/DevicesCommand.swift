import ArgumentParser
import Tessera
import TesseraHAL

/// `tessera devices`
struct DevicesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "devices", abstract: "Lists every device of every back-end.")

  @Flag(help: "Print one JSON document with every capability.") var json = false

  private struct Report: Encodable {
    struct Entry: Encodable {
      var id: String
      var auto: Bool
      var capabilities: Capabilities
    }
    var devices: [Entry]
    var auto: String?
    var reason: String?
    var missing: [String]
  }

  func run() throws {
    let devices = Device.list()
    let choice = DeviceChoice.best(of: devices.map(\.capabilities))
    let missing = Backends.all.compactMap { driver in
      driver.diagnosis().map { "\(driver.kind.rawValue): \($0)" }
    }
    if json {
      try Console.json(
        Report(
          devices: devices.enumerated().map {
            .init(id: $1.id, auto: $0 == choice?.index, capabilities: $1.capabilities)
          },
          auto: choice.map { devices[$0.index].id }, reason: choice?.reason, missing: missing))
      return
    }
    var table = TextTable([
      "id", "kind", "name", "driver", "units", "memory", "local", "subgroup", "features",
    ])
    for device in devices {
      let c = device.capabilities
      table.add([
        device.id, c.kind.rawValue, c.name, driver(c), "\(c.computeUnits)",
        Format.bytes(c.memoryBytes), Format.bytes(c.localMemoryBytes),
        c.minSubgroupSize == c.maxSubgroupSize
          ? "\(c.maxSubgroupSize)" : "\(c.minSubgroupSize)–\(c.maxSubgroupSize)",
        features(c),
      ])
    }
    print(table.text)
    if let choice {
      print("\nauto takes \(devices[choice.index].id): \(choice.reason)")
    }
    for line in missing { Console.note(line) }
  }

  /// Name and version, short enough for a table; `--json` has the whole.
  private func driver(_ c: Capabilities) -> String {
    let text = "\(c.driver) \(c.driverVersion)"
    return text.count <= 48 ? text : text.prefix(47) + "…"
  }

  private func features(_ c: Capabilities) -> String {
    var result: [String] = []
    if c.f16Arithmetic { result.append("f16") } else if c.f16Storage { result.append("f16-storage") }
    result.append("bf16-storage")
    if c.f64 { result.append("f64") }
    if c.int8Dot { result.append("int8-dot") }
    if !c.matrixShapes.isEmpty { result.append("matrix") }
    if let capability = c.computeCapability { result.append("cc\(capability / 10).\(capability % 10)") }
    return result.joined(separator: " ")
  }
}
