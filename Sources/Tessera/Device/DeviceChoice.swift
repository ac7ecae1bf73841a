package import TesseraHAL

/// Which device `auto` takes: a pure function of capability snapshots.
package enum DeviceChoice {
  /// Position of the device to take and the reason in words; nil if there are none.
  ///
  /// GPUs before CPUs, discrete memory before shared, more compute units before fewer. The same GPU
  /// under two interfaces counts as OpenCL where its tensor cores are reached that way (NVIDIA), else as
  /// Vulkan. Software drivers rank below the CPU back-end, which runs the same machine faster. A
  /// recording device is never chosen.
  package static func best(of devices: [Capabilities]) -> (index: Int, reason: String)? {
    let candidates = devices.indices.filter { devices[$0].backend != .recording }
    guard let index = candidates.max(by: { rank(devices[$0]).lexicographicallyPrecedes(rank(devices[$1])) })
    else { return nil }
    return (index, reason(devices[index], among: candidates.map { devices[$0] }))
  }

  private static func rank(_ device: Capabilities) -> [Int] {
    let kind: Int =
      switch device.kind {
      case .gpu: 3
      case .accelerator: 2
      case .cpu: 1
      case .software: 0
      }
    let preferred: BackendKind = isNVIDIA(device) ? .openCL : .vulkan
    return [
      kind, device.unifiedMemory ? 0 : 1, isNVIDIA(device) ? 1 : 0, memoryStep(device),
      device.backend == preferred ? 1 : 0, device.computeUnits,
    ]
  }

  /// Memory in steps of about 40 %: drivers of one GPU report slightly different sizes.
  private static func memoryStep(_ device: Capabilities) -> Int {
    var (step, reach) = (0, 1.0)
    while reach * 1.2 < Double(max(device.memoryBytes, 0)) / Double(1 << 30) {
      step += 1
      reach *= 1.41
    }
    return step
  }

  private static func isNVIDIA(_ device: Capabilities) -> Bool {
    device.vendor.uppercased().contains("NVIDIA")
  }

  private static func reason(_ device: Capabilities, among all: [Capabilities]) -> String {
    switch device.kind {
    case .gpu:
      all.filter { $0.kind == .gpu }.count > 1 ? "the most capable GPU" : "the only GPU"
    case .accelerator: "no GPU is present; this accelerator is"
    case .cpu: "no GPU is present; the CPU back-end is faster than software drivers"
    case .software: "the only device"
    }
  }
}
