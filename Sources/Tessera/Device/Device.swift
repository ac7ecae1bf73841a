public import Logging
import Synchronization
package import TesseraHAL
import TesseraKernels
package import TesseraRuntime

/// An opened device: runs operators and kernels, owns memory, caches and statistics.
///
/// Operators record their work and return at once; reading a result waits for it. Work on one device
/// runs in the order it was recorded, whichever thread recorded it. Devices are `Sendable` and may be
/// used from many threads.
public final class Device: Sendable, CustomStringConvertible {
  package let context: DeviceContext
  package let plans = PlanCache()
  /// Whether plans follow measurements.
  package let tuning: TuningMode
  /// The measurements.
  package let tunings: TuningStore
  /// Measures what the mode asks for.
  package let tuner: Tuner?
  /// What was opened.
  public let info: DeviceDescription

  /// Options for opening a device.
  public struct Configuration: Sendable {
    /// Whether built kernels are kept on disk for the next process. Default: true; the folder is
    /// `TESSERA_CACHE`, else `$XDG_CACHE_HOME/tessera`.
    public var usesDiskCache = true
    /// Where remarks go (what was built, what fell back). Default: a logger labelled `tessera` at the
    /// level of `TESSERA_LOG`, or warning.
    public var logger: Logger?
    /// Whether plans follow measurements; nil asks `TESSERA_TUNE`.
    public var tuning: TuningMode?
    /// Measures for the modes that measure.
    package var tuner: Tuner?
    /// What is done about kernels that would touch memory beside their buffers. Default: nil, which is
    /// `TESSERA_BOUNDS` (`off`, `validate`, `enforce`), or else `off`.
    public var bounds: BoundsMode?
    public init() {}
  }

  /// Every device of every back-end. Missing loaders and drivers make the list shorter, never fail.
  public static func list() -> [DeviceDescription] {
    Backends.all.flatMap { driver in
      driver.devices().map { DeviceDescription(identity: $0.identity, capabilities: $0.capabilities) }
    }
  }

  /// Opens every device there is; those that cannot be opened are left out.
  public static func all(configuration: Configuration = Configuration()) -> [Device] {
    list().compactMap { try? Device($0, configuration: configuration) }
  }

  /// Opens the device that `TESSERA_DEVICE` names, or else the most capable one.
  /// - Throws: `unavailable` if the named device is not there.
  public static func best(
    configuration: Configuration = Configuration()
  ) throws(TesseraError) -> Device {
    try Device(Environment.value("TESSERA_DEVICE") ?? "auto", configuration: configuration)
  }

  /// Opens a device by identifier.
  /// - Parameters:
  ///   - id: `auto`, `cpu`, `opencl`, `vulkan`, or with a position, `opencl:1`.
  ///   - configuration: cache, logger and the like.
  /// - Throws: `invalidArgument` for another word, `unavailable` if there is no such device.
  public convenience init(
    _ id: String, configuration: Configuration = Configuration()
  ) throws(TesseraError) {
    try self.init(try Device.find(id), configuration: configuration)
  }

  /// Opens a listed device.
  public convenience init(
    _ description: DeviceDescription, configuration: Configuration = Configuration()
  ) throws(TesseraError) {
    guard let driver = Backends.driver(description.identity.backend) else {
      throw .unavailable("no back-end named \(description.identity.backend.rawValue)")
    }
    let bounds = if let given = configuration.bounds { given } else { try Self.boundsOfEnvironment() }
    try self.init(
      adopting: try driver.open(description.identity.index, bounds: bounds),
      configuration: configuration)
  }

  /// Wraps an open HAL device, such as a recording one in tests.
  package init(
    adopting device: any HALDevice, configuration: Configuration = Configuration(),
    cache: DiskCache? = DiskCache.standard(), probe: Bool = true
  ) throws(TesseraError) {
    let logger = configuration.logger ?? Device.defaultLogger()
    if let mode = configuration.tuning { tuning = mode } else { tuning = try .environment() }
    tuner = configuration.tuner
    tunings = TuningStore(cache: configuration.usesDiskCache ? cache : nil, logger: logger)
    context = try DeviceContext(
      device: device, cache: configuration.usesDiskCache ? cache : nil, logger: logger,
      probe: probe)
    info = DeviceDescription(identity: device.identity, capabilities: context.capabilities)
    TraceFile.register(context)
  }

  /// What is done about kernels that would touch memory beside their buffers.
  public var bounds: BoundsMode { context.bounds }

  private static func boundsOfEnvironment() throws(TesseraError) -> BoundsMode {
    guard let text = Environment.value("TESSERA_BOUNDS") else { return .off }
    guard let mode = BoundsMode(rawValue: text) else {
      throw .invalidArgument(
        "TESSERA_BOUNDS", got: "\"\(text)\"", allowed: "off, validate or enforce")
    }
    return mode
  }

  /// The description of device `id`, without opening it.
  package static func find(_ id: String) throws(TesseraError) -> DeviceDescription {
    let devices = list()
    if id == "auto" {
      guard let choice = DeviceChoice.best(of: devices.map(\.capabilities)) else {
        throw .unavailable("there is no device at all")
      }
      return devices[choice.index]
    }
    let parts = id.split(separator: ":", omittingEmptySubsequences: false)
    guard let kind = BackendKind(rawValue: String(parts[0])), kind != .recording,
      parts.count <= 2, parts.count == 1 || (Int(parts[1]) ?? -1) >= 0
    else {
      throw .invalidArgument(
        "device", got: "\"\(id)\"", allowed: "auto, cpu, opencl[:i] or vulkan[:i]")
    }
    let index = parts.count == 2 ? Int(parts[1]) ?? 0 : 0
    if let found = devices.first(where: { $0.identity.backend == kind && $0.identity.index == index }) {
      return found
    }
    let reason = Backends.driver(kind)?.diagnosis().map { ": \($0)" } ?? ""
    let present = devices.map(\.id).joined(separator: ", ")
    throw .unavailable("no device \(id)\(reason); present: \(present)")
  }

  /// The device's name and identifier.
  public var description: String { context.name }

  private static func defaultLogger() -> Logger {
    // Standard error, because standard output belongs to the program's results.
    var logger = Logger(label: "tessera") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = Environment.value("TESSERA_LOG").flatMap { Logger.Level(rawValue: $0) } ?? .warning
    return logger
  }
}
