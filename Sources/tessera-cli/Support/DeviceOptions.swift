import ArgumentParser
import Tessera
import TesseraBench
import TesseraCore
import TesseraHAL

/// `--device` and `--bounds`, and opening what they name.
struct DeviceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Device: auto, cpu, opencl[:i] or vulkan[:i]. Default: TESSERA_DEVICE, else auto.",
      valueName: "id"))
  var device: String?
  @Option(
    help: ArgumentHelp(
      "Memory beside buffers: off, validate (compared after every dispatch) or enforce (kept from kernels). "
        + "Default: TESSERA_BOUNDS, else off.",
      valueName: "mode"))
  var bounds: BoundsMode?

  func validate() throws {
    if let device { try Self.check(device) }
  }

  /// Refuses what cannot name a device.
  static func check(_ device: String) throws {
    let parts = device.split(separator: ":", omittingEmptySubsequences: false)
    let names = ["auto", "cpu", "opencl", "vulkan"]
    guard parts.count <= 2, names.contains(String(parts.first ?? "")),
      parts.count == 1 || (parts[0] != "auto" && Int(parts[1]).map { $0 >= 0 } == true)
    else {
      throw ValidationError(
        "--device: got \"\(device)\", allowed auto, cpu, opencl[:i] or vulkan[:i]")
    }
  }

  func open() throws(TesseraError) -> Device {
    if let device { return try Device(device, configuration: configuration) }
    return try Device.best(configuration: configuration)
  }

  var configuration: Device.Configuration {
    var result = Device.Configuration.commandLine
    result.bounds = bounds
    return result
  }

  func describe() throws(TesseraError) -> DeviceDescription {
    try Device.find(device ?? Environment.value("TESSERA_DEVICE") ?? "auto")
  }
}

extension Device.Configuration {
  /// What commands open devices with: they can measure plans when `TESSERA_TUNE` asks for it.
  static var commandLine: Self {
    var configuration = Self()
    configuration.tuner = Tuner.onDemand
    return configuration
  }
}
