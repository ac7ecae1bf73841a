import CTesseraSIMD
import TesseraCore
import TesseraHAL

/// Kernels of selection and of native sparse attention: `block_scores`, `select_blocks`, `nsa_compress`,
/// `nsa_spread`, `nsa_gate`. Each has the same constants on all back-ends.
package enum SelectKernels {
  static let scores = "block_scores"
  static let select = "select_blocks"
  static let compress = "nsa_compress"
  static let spread = "nsa_spread"
  static let gate = "nsa_gate"

  package static let entries = [
    KernelEntry(
      name: scores,
      signature: { spec, backend in
        let vector = spec["VECTOR"] == 1 ? 16 : 4
        return KernelSignature(
          name: scores,
          slots: [
            .init("q", .read, alignment: vector), .init("k", .read, alignment: vector),
            .init("lse", .read), .init("scores", .readWrite),
          ],
          constantBytes: MemoryLayout<tessera_score_constants>.size,
          workgroup: backend == .cpu ? [1, 1, 1] : [128, 1, 1],
          localBytes: backend == .cpu
            ? tessera_block_scores_local_bytes(Int32(spec["HEAD_DIM"] ?? 0))
            : 16 * 9 * (32 + 64) + 4 * 32 * 65)
      },
      code: { spec, backend throws(TesseraError) in
        try .portable(
          spec, backend,
          ids: ["Q_DTYPE": [3], "K_DTYPE": [4], "VECTOR": [8], "MODE": [9]], workgroup: 128
        ) { group in
          guard let q = group.address(0), let k = group.address(1), let lse = group.address(2),
            let scores = group.address(3), let local = group.local.baseAddress
          else { return }
          var constants = group.constants.loadUnaligned(as: tessera_score_constants.self)
          tessera_block_scores(
            &constants, type(spec, "Q_DTYPE"), type(spec, "K_DTYPE"), type(spec, "MODE"), q, k,
            lse.assumingMemoryBound(to: Float.self), scores.assumingMemoryBound(to: Float.self),
            group.group.x, group.group.y, local)
        }
      }),
    entry(
      select, constantBytes: MemoryLayout<tessera_select_constants>.size,
      slots: { _ in
        [.init("scores", .read), .init("indices", .write), .init("counts", .write)]
      },
      localBytes: { spec in
        4 * (64 * ((spec["CHUNK"] ?? 64) + 1) + 1152 + (spec["RULE"] == 1 ? 1088 : 64))
      },
      ids: ["SCORES_DTYPE": [3], "CHUNK": [8], "RULE": [9]],
      host: { spec, group in
        guard let scores = group.address(0), let indices = group.address(1),
          let counts = group.address(2)
        else { return }
        var constants = group.constants.loadUnaligned(as: tessera_select_constants.self)
        let rows = group.share(of: Int(constants.count))
        tessera_select_blocks(
          &constants, type(spec, "SCORES_DTYPE"), type(spec, "RULE"), scores,
          indices.assumingMemoryBound(to: Int32.self), counts.assumingMemoryBound(to: Int32.self),
          rows.lowerBound, rows.upperBound)
      }),
    entry(
      compress, constantBytes: MemoryLayout<tessera_window_constants>.size,
      slots: { vector in
        [
          .init("tokens", .read, alignment: vector), .init("weights", .read),
          .init("windows", .write, alignment: vector),
        ]
      },
      ids: ["IN_DTYPE": [3], "OUT_DTYPE": [4], "VECTOR": [8], "WEIGHTED": [9]],
      host: { spec, group in
        guard let tokens = group.address(0), let out = group.address(2) else { return }
        var constants = group.constants.loadUnaligned(as: tessera_window_constants.self)
        let range = group.share(of: Int(constants.count))
        tessera_nsa_compress(
          &constants, type(spec, "IN_DTYPE"), type(spec, "OUT_DTYPE"), tokens,
          weights(spec, group, 1), out, range.lowerBound, range.upperBound)
      }),
    entry(
      spread, constantBytes: MemoryLayout<tessera_window_constants>.size,
      slots: { vector in
        [
          .init("a", .read, alignment: vector), .init("b", .read, alignment: vector),
          .init("windows", .read, alignment: vector), .init("weights", .read),
          .init("sum", .write, alignment: vector),
        ]
      },
      ids: ["IN_DTYPE": [3, 4, 5, 6], "VECTOR": [8], "WEIGHTED": [9], "PARTS": [10]],
      host: { spec, group in
        guard let windows = group.address(2), let out = group.address(4) else { return }
        var constants = group.constants.loadUnaligned(as: tessera_window_constants.self)
        let range = group.share(of: Int(constants.count))
        let parts = spec["PARTS"] ?? 0
        tessera_nsa_spread(
          &constants, type(spec, "IN_DTYPE"), parts > 0 ? group.address(0) : nil,
          parts > 1 ? group.address(1) : nil, windows, weights(spec, group, 3), out,
          range.lowerBound, range.upperBound)
      }),
    entry(
      gate, constantBytes: MemoryLayout<tessera_gate_constants>.size,
      slots: { vector in
        [.init("gates", .read)] + ["o0", "o1", "o2"].map { .init($0, .read, alignment: vector) }
          + [.init("out", .write, alignment: vector), .init("gradients", .write)]
      },
      localBytes: { _ in 256 },
      ids: [
        "O_DTYPE": [3, 4, 5, 6], "GATES_DTYPE": [7, 12], "VECTOR": [8], "FORWARD": [10],
        "BRANCHES": [11],
      ], host: hostGate),
  ]

  private static func hostGate(_ spec: KernelSpec, _ group: HostGroup) {
    guard let gates = group.address(0), let first = group.address(1),
      let second = group.address(2), let out = group.address(4), let gradients = group.address(5)
    else { return }
    var constants = group.constants.loadUnaligned(as: tessera_gate_constants.self)
    let rows = group.share(of: Int(constants.rows))
    let there = spec["BRANCHES"] ?? 7
    guard spec["FORWARD"] == 1 else {
      tessera_nsa_gate_gradient(
        &constants, type(spec, "O_DTYPE"), type(spec, "GATES_DTYPE"), gates, first,
        there & 2 == 0 ? nil : second, out, gradients, rows.lowerBound, rows.upperBound)
      return
    }
    var branches = (0..<3).map { branch in
      there >> branch & 1 == 1 ? group.address(1 + branch).map { UnsafeRawPointer($0) } : nil
    }
    tessera_nsa_gate(
      &constants, type(spec, "O_DTYPE"), type(spec, "GATES_DTYPE"), gates, &branches, out,
      rows.lowerBound, rows.upperBound)
  }

  private static func type(_ spec: KernelSpec, _ name: String) -> Int32 { Int32(spec[name] ?? 0) }

  private static func weights(
    _ spec: KernelSpec, _ group: HostGroup, _ slot: Int
  ) -> UnsafePointer<Float>? {
    guard spec["WEIGHTED"] == 1, let address = group.address(slot) else { return nil }
    return UnsafePointer(address.assumingMemoryBound(to: Float.self))
  }

  private static func entry(
    _ name: String, constantBytes: Int,
    slots: @escaping @Sendable (_ vectorAlignment: Int) -> [KernelSignature.Slot],
    localBytes: @escaping @Sendable (KernelSpec) -> Int = { _ in 0 }, ids: [String: [Int]],
    host: @escaping @Sendable (KernelSpec, HostGroup) -> Void
  ) -> KernelEntry {
    KernelEntry(
      name: name,
      signature: { spec, backend in
        KernelSignature(
          name: name, slots: slots(spec["VECTOR"] == 1 ? 16 : 4), constantBytes: constantBytes,
          workgroup: backend == .cpu ? [1, 1, 1] : [GridSize.linearWorkgroup, 1, 1],
          localBytes: backend == .cpu ? 0 : localBytes(spec))
      },
      code: { spec, backend throws(TesseraError) in
        try .portable(spec, backend, ids: ids) { host(spec, $0) }
      })
  }
}
