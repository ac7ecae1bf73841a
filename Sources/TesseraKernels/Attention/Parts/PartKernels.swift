import CTesseraSIMD
import TesseraCore
import TesseraHAL

/// Kernels on parts of attentions: `attention_merge`, `attention_sum`, `attention_delta`. Each has the
/// same constants on all back-ends.
package enum PartKernels {
  static let merge = "attention_merge"
  static let sum = "attention_sum"
  static let delta = "attention_delta"

  package static let entries = [
    entry(
      merge, constantBytes: MemoryLayout<tessera_merge_constants>.size,
      slots: { vector in
        [
          .init("parts", .read, alignment: vector), .init("parts_lse", .read),
          .init("o", .write, alignment: vector), .init("lse", .write),
        ]
      }, ids: ["PARTS_DTYPE": [3], "O_DTYPE": [4], "VECTOR": [8]],
      host: { spec, group in
        guard let parts = group.address(0), let partLSE = group.address(1),
          let o = group.address(2), let lse = group.address(3)
        else { return }
        var constants = group.constants.loadUnaligned(as: tessera_merge_constants.self)
        let rows = group.share(of: Int(constants.rows))
        tessera_attention_merge(
          &constants, type(spec, "PARTS_DTYPE"), type(spec, "O_DTYPE"), parts,
          partLSE.assumingMemoryBound(to: Float.self), o, lse.assumingMemoryBound(to: Float.self),
          rows.lowerBound, rows.upperBound)
      }),
    entry(
      sum, constantBytes: MemoryLayout<tessera_sum_constants>.size,
      slots: { _ in [.init("parts", .read), .init("sum", .write)] }, ids: ["SUM_DTYPE": [4]],
      host: { spec, group in
        guard let parts = group.address(0), let sum = group.address(1) else { return }
        var constants = group.constants.loadUnaligned(as: tessera_sum_constants.self)
        let range = group.share(of: Int(constants.count))
        tessera_attention_sum(
          &constants, type(spec, "SUM_DTYPE"), parts.assumingMemoryBound(to: Float.self), sum,
          range.lowerBound, range.upperBound)
      }),
    entry(
      delta, constantBytes: MemoryLayout<tessera_delta_constants>.size, localBytes: 256,
      slots: { vector in
        [
          .init("o", .read, alignment: vector), .init("d_o", .read, alignment: vector),
          .init("delta", .write),
        ]
      }, ids: ["O_DTYPE": [3, 4], "VECTOR": [8]],
      host: { spec, group in
        guard let o = group.address(0), let dO = group.address(1), let delta = group.address(2)
        else { return }
        var constants = group.constants.loadUnaligned(as: tessera_delta_constants.self)
        let rows = group.share(of: Int(constants.rows))
        tessera_attention_delta(
          &constants, type(spec, "O_DTYPE"), o, dO, delta.assumingMemoryBound(to: Float.self),
          rows.lowerBound, rows.upperBound)
      }),
  ]

  /// Whether rows of `columns` elements can be read as vectors of 4 on a device.
  static func vector(_ columns: Int, _ capabilities: Capabilities) -> KernelSpec.Parameter {
    let fits = columns % 4 == 0 && capabilities.bindingAlignment % 16 == 0
    return .init("VECTOR", fits ? 1 : 0)
  }

  private static func type(_ spec: KernelSpec, _ name: String) -> Int32 { Int32(spec[name] ?? 0) }

  private static func entry(
    _ name: String, constantBytes: Int, localBytes: Int = 0,
    slots: @escaping @Sendable (_ vectorAlignment: Int) -> [KernelSignature.Slot],
    ids: [String: [Int]], host: @escaping @Sendable (KernelSpec, HostGroup) -> Void
  ) -> KernelEntry {
    KernelEntry(
      name: name,
      signature: { spec, backend in
        KernelSignature(
          name: name, slots: slots(spec["VECTOR"] == 1 ? 16 : 4), constantBytes: constantBytes,
          workgroup: backend == .cpu ? [1, 1, 1] : [GridSize.linearWorkgroup, 1, 1],
          localBytes: localBytes)
      },
      code: { spec, backend throws(TesseraError) in
        try .portable(spec, backend, ids: ids) { host(spec, $0) }
      })
  }
}
