import CTesseraSIMD
import TesseraCore
import TesseraHAL

/// Kernels between elements and codes: `cache_quantize`, `cache_dequantize`. Each has the same constants on
/// all back-ends.
package enum CacheKernels {
  static let quantize = "cache_quantize"
  static let dequantize = "cache_dequantize"

  package static let entries = [
    KernelEntry(
      name: quantize,
      signature: { _, backend in
        KernelSignature(
          name: quantize,
          slots: [
            .init("x", .read, alignment: 16), .init("codes", .write),
            .init("parameters", .write, alignment: 16),
          ], constantBytes: MemoryLayout<tessera_quantize_constants>.size,
          workgroup: backend == .cpu ? [1, 1, 1] : [GridSize.linearWorkgroup, 1, 1],
          localBytes: backend == .cpu ? 0 : 16 * 256)
      },
      code: { spec, backend throws(TesseraError) in
        try .portable(
          spec, backend, ids: ["X_DTYPE": [3], "P_DTYPE": [4], "BITS": [8], "PER_CHANNEL": [9]]
        ) { group in
          guard let x = group.address(0), let codes = group.address(1),
            let parameters = group.address(2)
          else { return }
          var constants = group.constants.loadUnaligned(as: tessera_quantize_constants.self)
          let units = group.share(of: Int(constants.units))
          tessera_cache_quantize(
            &constants, value(spec, "X_DTYPE"), value(spec, "P_DTYPE"), value(spec, "BITS"), x,
            codes.assumingMemoryBound(to: UInt8.self), parameters, units.lowerBound,
            units.upperBound)
        }
      }),
    KernelEntry(
      name: dequantize,
      signature: { spec, backend in
        let vector = spec["STEP"] == 8 ? 16 : 4
        return KernelSignature(
          name: dequantize,
          slots: [
            .init("x", .read, alignment: vector), .init("parameters", .read, alignment: vector),
            .init("out", .write, alignment: vector),
          ], constantBytes: MemoryLayout<tessera_dequantize_constants>.size,
          workgroup: backend == .cpu ? [1, 1, 1] : [GridSize.linearWorkgroup, 1, 1])
      },
      code: { spec, backend throws(TesseraError) in
        try .portable(
          spec, backend,
          ids: [
            "X_DTYPE": [3], "OUT_DTYPE": [4], "X_PARAMETERS_DTYPE": [5], "STEP": [8],
            "X_CHANNELS": [9], "X_TOKENS": [10],
          ]
        ) { group in
          guard let x = group.address(0), let parameters = group.address(1),
            let out = group.address(2)
          else { return }
          var constants = group.constants.loadUnaligned(as: tessera_dequantize_constants.self)
          var format = tessera_codes(
            type: value(spec, "X_DTYPE"), channels: value(spec, "X_CHANNELS"),
            tokens: value(spec, "X_TOKENS"), parameters_type: value(spec, "X_PARAMETERS_DTYPE"))
          let vectors = group.share(of: Int(constants.count))
          tessera_cache_dequantize(
            &constants, &format, value(spec, "OUT_DTYPE"), x, parameters, out, vectors.lowerBound,
            vectors.upperBound)
        }
      }),
  ]

  private static func value(_ spec: KernelSpec, _ name: String) -> Int32 { Int32(spec[name] ?? 0) }
}
