import CTesseraSIMD
import TesseraCore
import TesseraHAL

/// The kernels of the unfused halves, `na_dots`, `na_gather_rows` and `na_gather_keys`, and of the
/// bias's gradient. Each has the same constants on all back-ends.
package enum HalvesKernels {
  static let dots = "na_dots"
  static let gatherRows = "na_gather_rows"
  static let gatherKeys = "na_gather_keys"
  static let biasGradient = "na_bias_gradient"

  package static let entries = [
    entry(dots, ["x", "y"], also: ["mask", "bias"]) { type, p, group in
      guard let x = group.address(0), let y = group.address(1), let mask = group.address(2),
        let bias = group.address(3), let out = group.address(4)
      else { return }
      let rows = group.share(of: Int(p.pointee.count))
      tessera_na_dots(
        p, type, x, y, mask.assumingMemoryBound(to: UInt8.self),
        bias.assumingMemoryBound(to: Float.self), out, rows.lowerBound, rows.upperBound)
    },
    entry(gatherRows, ["w", "y"], also: ["mask"]) { type, p, group in
      guard let w = group.address(0), let y = group.address(1), let mask = group.address(2),
        let out = group.address(3)
      else { return }
      let rows = group.share(of: Int(p.pointee.count))
      tessera_na_gather_rows(
        p, type, w, y, mask.assumingMemoryBound(to: UInt8.self), out, rows.lowerBound,
        rows.upperBound)
    },
    entry(gatherKeys, ["w", "x"], also: ["mask"]) { type, p, group in
      guard let w = group.address(0), let x = group.address(1), let mask = group.address(2),
        let out = group.address(3)
      else { return }
      let vectors = group.share(of: Int(p.pointee.count))
      tessera_na_gather_keys(
        p, type, w, x, mask.assumingMemoryBound(to: UInt8.self), out, vectors.lowerBound,
        vectors.upperBound)
    },
    KernelEntry(
      name: biasGradient,
      signature: { spec, backend in
        let vector = spec["VECTOR"] == 1 ? 16 : 4
        var slots: [KernelSignature.Slot] = ["q", "k", "v", "d_o"].map {
          .init($0, .read, alignment: vector)
        }
        slots += ["mask", "bias", "lse", "delta"].map { .init($0, .read) }
        return KernelSignature(
          name: biasGradient, slots: slots + [.init("out", .write)],
          constantBytes: MemoryLayout<tessera_bias_constants>.size, workgroup: workgroup(backend),
          localBytes: spec["LOCAL_BYTES"] ?? 256)
      },
      code: { spec, backend throws(TesseraError) in
        let type = Int32(spec["Q_DTYPE"] ?? 0), dOType = Int32(spec["DO_DTYPE"] ?? 0)
        return try .portable(
          spec, backend,
          ids: ["Q_DTYPE": [3, 4, 5], "DO_DTYPE": [6], "VECTOR": [8]]
        ) { hostBiasGradient($0, type, dOType) }
      }),
  ]

  private static func workgroup(_ backend: BackendKind) -> [Int] {
    backend == .cpu ? [1, 1, 1] : [GridSize.linearWorkgroup, 1, 1]
  }

  /// An entry of a kernel whose first slots, `tensors`, and output have rows read as vectors.
  private static func entry(
    _ name: String, _ tensors: [String], also: [String],
    host: @escaping @Sendable (Int32, UnsafePointer<tessera_halves_constants>, HostGroup) -> Void
  ) -> KernelEntry {
    KernelEntry(
      name: name,
      signature: { spec, backend in
        let vector = spec["VECTOR"] == 1 ? 16 : 4
        var slots: [KernelSignature.Slot] = tensors.map { .init($0, .read, alignment: vector) }
        slots += also.map { .init($0, .read) }
        return KernelSignature(
          name: name, slots: slots + [.init("out", .write, alignment: vector)],
          constantBytes: MemoryLayout<tessera_halves_constants>.size, workgroup: workgroup(backend))
      },
      code: { spec, backend throws(TesseraError) in
        let type = Int32(spec["W_DTYPE"] ?? 0)
        let ids = ["W_DTYPE": [3, 4, 5], "VECTOR": [8]]
        return try .portable(spec, backend, ids: ids) { group in
          let constants = group.constants.loadUnaligned(as: tessera_halves_constants.self)
          withUnsafePointer(to: constants) { host(type, $0, group) }
        }
      })
  }

  /// One head's part of the queries: workgroups along x are heads, along z parts.
  private static func hostBiasGradient(_ group: HostGroup, _ type: Int32, _ dOType: Int32) {
    guard let local = group.local.baseAddress, let q = group.address(0), let k = group.address(1),
      let v = group.address(2), let dO = group.address(3), let mask = group.address(4),
      let bias = group.address(5), let lse = group.address(6), let delta = group.address(7),
      let out = group.address(8)
    else { return }
    var constants = group.constants.loadUnaligned(as: tessera_bias_constants.self)
    let tokens = Int(constants.queries.0) * Int(constants.queries.1) * Int(constants.queries.2)
    let total = Int(constants.batch) * tokens
    let (part, parts) = (group.group.z, group.groups.z)
    var operands = tessera_bias_operands(
      q: q, k: k, v: v, d_o: dO, mask: mask.assumingMemoryBound(to: UInt8.self),
      bias: bias.assumingMemoryBound(to: Float.self), lse: lse.assumingMemoryBound(to: Float.self),
      delta: delta.assumingMemoryBound(to: Float.self))
    let table = (Int(constants.first) + part) * Int(constants.heads) + group.group.x
    tessera_na_bias_gradient(
      &constants, type, dOType, &operands,
      out.assumingMemoryBound(to: Float.self) + table * Int(constants.table), Int32(group.group.x),
      total * part / parts, total * (part + 1) / parts, local)
  }
}
