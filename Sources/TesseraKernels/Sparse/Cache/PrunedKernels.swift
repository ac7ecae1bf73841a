import CTesseraSIMD
import TesseraCore
import TesseraHAL

/// Kernels of caches with pruned elements: `pruned_pack`, `pruned_unpack`, `pruned_decode`. Each has the same
/// constants on all back-ends.
package enum PrunedKernels {
  static let pack = "pruned_pack"
  static let unpack = "pruned_unpack"
  static let decode = "pruned_decode"

  package static let entries = [
    entry(
      pack, constantBytes: MemoryLayout<tessera_pruned_pack_constants>.size,
      slots: [
        .init("x", .read), .init("bitmaps", .write, alignment: 8), .init("offsets", .write),
        .init("values", .write),
      ],
      localBytes: { spec, backend in
        backend == .cpu ? 0 : 4 * 64 * ((spec["HEAD_DIM"] ?? 64) / 32 + 1)
      },
      ids: ["X_DTYPE": [3, 4], "KEY_TILES": [8], "HEAD_DIM": [9]],
      host: { spec, group in
        guard let x = group.address(0), let bits = group.address(1),
          let offsets = group.address(2), let values = group.address(3)
        else { return }
        var constants = group.constants.loadUnaligned(as: tessera_pruned_pack_constants.self)
        let units = group.share(of: Int(constants.units))
        tessera_pruned_pack(
          &constants, value(spec, "X_DTYPE"), value(spec, "HEAD_DIM"), value(spec, "KEY_TILES"), x,
          bits.assumingMemoryBound(to: UInt64.self), offsets.assumingMemoryBound(to: Int32.self),
          values, units.lowerBound, units.upperBound)
      }),
    entry(
      unpack, constantBytes: MemoryLayout<tessera_pruned_unpack_constants>.size,
      slots: [
        .init("bitmaps", .read, alignment: 8), .init("offsets", .read), .init("values", .read),
        .init("x", .write),
      ],
      ids: ["X_DTYPE": [3, 4], "KEY_TILES": [8], "HEAD_DIM": [9]],
      host: { spec, group in
        guard let bits = group.address(0), let offsets = group.address(1),
          let values = group.address(2), let x = group.address(3)
        else { return }
        var constants = group.constants.loadUnaligned(as: tessera_pruned_unpack_constants.self)
        let units = group.share(of: Int(constants.count))
        tessera_pruned_unpack(
          &constants, value(spec, "X_DTYPE"), value(spec, "HEAD_DIM"), value(spec, "KEY_TILES"),
          bits.assumingMemoryBound(to: UInt64.self), offsets.assumingMemoryBound(to: Int32.self),
          values, x, units.lowerBound, units.upperBound)
      }),
    entry(
      decode, constantBytes: MemoryLayout<tessera_pruned_constants>.size,
      slots: [
        .init("q", .read), .init("k_bitmaps", .read, alignment: 8), .init("k_offsets", .read),
        .init("k", .read), .init("v_bitmaps", .read, alignment: 8), .init("v_offsets", .read),
        .init("v", .read), .init("recent_k", .read), .init("recent_v", .read), .init("o", .write),
        .init("lse", .write),
      ],
      localBytes: { spec, backend in
        if backend == .cpu { return spec["LOCAL_BYTES"] ?? 0 }
        return localBytes(headDim: spec["HEAD_DIM"] ?? 64, rows: spec["ROWS"] ?? 1)
      },
      ids: [
        "Q_DTYPE": [30], "K_DTYPE": [31, 33], "V_DTYPE": [32, 34], "O_DTYPE": [35],
        "HEAD_DIM": [9], "VALUE_DIM": [10], "ROWS": [11],
      ], host: hostDecode),
  ]

  /// Local memory of `pruned_decode` on a GPU.
  static func localBytes(headDim: Int, rows: Int) -> Int {
    let quads = (rows + 3) / 4
    return 16 * quads * (headDim + 64) + 4 * 64 * rows + 4 * 64 + 8 * rows
  }

  private static func hostDecode(_ spec: KernelSpec, _ group: HostGroup) {
    let addresses = group.buffers.indices.compactMap { group.address($0) }
    guard addresses.count == 11, let local = group.local.baseAddress else { return }
    var constants = group.constants.loadUnaligned(as: tessera_pruned_constants.self)
    func words(_ slot: Int) -> UnsafeMutablePointer<Int32> {
      addresses[slot].assumingMemoryBound(to: Int32.self)
    }
    func bitmaps(_ slot: Int) -> UnsafeMutablePointer<UInt64> {
      addresses[slot].assumingMemoryBound(to: UInt64.self)
    }
    var operands = tessera_pruned_operands(
      q: addresses[0], k_bits: bitmaps(1), k_offsets: words(2), k: addresses[3], v_bits: bitmaps(4),
      v_offsets: words(5), v: addresses[6], k_recent: addresses[7], v_recent: addresses[8],
      o: addresses[9], lse: addresses[10].assumingMemoryBound(to: Float.self))
    let types = ["Q_DTYPE", "K_DTYPE", "V_DTYPE", "O_DTYPE"].map { value(spec, $0) }
    tessera_pruned_decode(
      &constants, &operands, types, value(spec, "HEAD_DIM"), value(spec, "VALUE_DIM"),
      group.group.x, group.group.y, group.group.z, local)
  }

  private static func value(_ spec: KernelSpec, _ name: String) -> Int32 { Int32(spec[name] ?? 0) }

  private static func entry(
    _ name: String, constantBytes: Int, slots: [KernelSignature.Slot],
    localBytes: @escaping @Sendable (KernelSpec, BackendKind) -> Int = { _, _ in 0 },
    ids: [String: [Int]], host: @escaping @Sendable (KernelSpec, HostGroup) -> Void
  ) -> KernelEntry {
    KernelEntry(
      name: name,
      signature: { spec, backend in
        KernelSignature(
          name: name, slots: slots, constantBytes: constantBytes,
          workgroup: backend == .cpu ? [1, 1, 1] : [GridSize.linearWorkgroup, 1, 1],
          localBytes: localBytes(spec, backend))
      },
      code: { spec, backend throws(TesseraError) in
        try .portable(spec, backend, ids: ids) { host(spec, $0) }
      })
  }
}
