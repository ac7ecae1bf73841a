package import TesseraHAL

/// The device that a measurement was made on, and its kin.
package struct TuningDevice: Sendable, Hashable, Codable {
  package var backend: String
  package var name: String
  package var driver: String
  /// Devices of one architecture run a kernel much alike: `sm_90`, or the width of a CPU's vectors.
  package var architecture: String
  package var vendor: String

  package init(_ capabilities: Capabilities) {
    backend = capabilities.backend.rawValue
    name = capabilities.name
    driver = capabilities.driverVersion
    vendor = capabilities.vendor
    if let compute = capabilities.computeCapability {
      architecture = "sm_\(compute)"
    } else if capabilities.kind == .software || capabilities.kind == .cpu {
      architecture = "vector\(capabilities.vectorWidth) subgroup\(capabilities.maxSubgroupSize)"
    } else {
      architecture = "\(vendor) subgroup\(capabilities.maxSubgroupSize)"
    }
  }

  /// How near a measurement's device is to this one; nil if it says nothing about it.
  package func nearness(to other: TuningDevice) -> TuningMatch.Scope? {
    guard backend == other.backend else { return nil }
    if name == other.name { return driver == other.driver ? .device : .driver }
    if architecture == other.architecture { return .architecture }
    return vendor == other.vendor ? .vendor : nil
  }
}
