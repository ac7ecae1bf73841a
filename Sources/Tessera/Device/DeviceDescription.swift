package import TesseraHAL

/// A device that could be opened, and what it can do.
public struct DeviceDescription: Sendable, Hashable, Codable, CustomStringConvertible {
  /// `cpu`, `opencl:0`, `vulkan:1`: what `Device(_:)` and `--device` take.
  public let id: String
  package let identity: DeviceIdentity
  package let capabilities: Capabilities

  package init(identity: DeviceIdentity, capabilities: Capabilities) {
    self.id = identity.description
    self.identity = identity
    self.capabilities = capabilities
  }

  /// The device's own name.
  public var name: String { capabilities.name }
  /// The back-end that reaches it.
  public var backend: BackendKind { capabilities.backend }
  /// `gpu`, `software` (a GPU interface executed by the CPU), `cpu` or `accelerator`.
  public var kind: String { capabilities.kind.rawValue }
  /// Driver name and version.
  public var driver: String { "\(capabilities.driver) \(capabilities.driverVersion)" }
  /// Bytes of device memory.
  public var memoryBytes: Int { capabilities.memoryBytes }
  /// Compute units: multiprocessors, or threads of a CPU.
  public var computeUnits: Int { capabilities.computeUnits }

  public var description: String { "\(id): \(name)" }
}
