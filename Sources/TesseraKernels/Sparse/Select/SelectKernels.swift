import CTesseraSIMD
import TesseraCore
import TesseraHAL

/// Kernels of selection: `select_blocks`. Each has the same constants on all back-ends.
package enum SelectKernels {
  static let select = "select_blocks"

  package static let entries = [
    KernelEntry(
      name: select,
      signature: { spec, backend in
        let chunk = spec["CHUNK"] ?? 64
        return KernelSignature(
          name: select,
          slots: [.init("scores", .read), .init("indices", .write), .init("counts", .write)],
          constantBytes: MemoryLayout<tessera_select_constants>.size,
          workgroup: backend == .cpu ? [1, 1, 1] : [GridSize.linearWorkgroup, 1, 1],
          localBytes: backend == .cpu
            ? 0 : 4 * (64 * (chunk + 1) + 1152 + (spec["RULE"] == 1 ? 1088 : 64)))
      },
      code: { spec, backend throws(TesseraError) in
        try .portable(
          spec, backend, ids: ["SCORES_DTYPE": [3], "CHUNK": [8], "RULE": [9]]
        ) { group in
          guard let scores = group.address(0), let indices = group.address(1),
            let counts = group.address(2)
          else { return }
          var constants = group.constants.loadUnaligned(as: tessera_select_constants.self)
          let rows = group.share(of: Int(constants.count))
          tessera_select_blocks(
            &constants, Int32(spec["SCORES_DTYPE"] ?? 0), Int32(spec["RULE"] ?? 0), scores,
            indices.assumingMemoryBound(to: Int32.self),
            counts.assumingMemoryBound(to: Int32.self), rows.lowerBound, rows.upperBound)
        }
      })
  ]
}
