import CTesseraSIMD
import TesseraCore
import TesseraHAL
import TesseraShaders

/// The kernels of neighborhood attention.
package enum NeighborhoodKernels {
  static let cpuName = "na_cpu"

  package static let entries = [
    KernelEntry(
      name: cpuName,
      signature: { spec, _ in
        KernelSignature(
          name: cpuName, slots: slots,
          constantBytes: MemoryLayout<tessera_na_constants>.size,
          localBytes: spec["LOCAL_BYTES"] ?? 0)
      },
      code: { _, backend throws(TesseraError) in
        guard backend == .cpu || backend == .recording else {
          throw .unsupported("\(cpuName) for \(backend.rawValue)")
        }
        return .host { HostNeighborhood.run($0) }
      })
  ]

  /// Slots in the order of a plan's operands.
  static let slots: [KernelSignature.Slot] = [
    .init("q", .read), .init("k", .read), .init("v", .read), .init("extra_k", .read),
    .init("extra_v", .read), .init("o", .write), .init("lse", .write),
  ]
}
