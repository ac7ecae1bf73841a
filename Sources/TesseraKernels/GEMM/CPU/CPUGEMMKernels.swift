import CTesseraSIMD
import TesseraCore
import TesseraHAL

/// The kernels of matrix products on the CPU back-end.
///
/// | kernel | workgroup computes | slots |
/// |---|---|---|
/// | `gemm_cpu_pack` | a block of B, converted to f32 and cut into panels | b, packed |
/// | `gemm_cpu_block` | `TILE_M × TILE_N` of D; with `PACKS_B` it packs its own part of B | a, b or packed, c, bias, d |
/// | `gemm_cpu_vector` | `TILE_N` columns of at most 4 rows of D, reading B once | a, b, c, bias, d |
package enum CPUGEMMKernels {
  static let pack = "gemm_cpu_pack"
  static let block = "gemm_cpu_block"
  static let vector = "gemm_cpu_vector"

  package static let entries: [KernelEntry] = [
    KernelEntry(
      name: pack,
      signature: { spec, _ in
        KernelSignature(
          name: pack, slots: [.init("b", .read, alignment: 2), .init("packed", .write)],
          constantBytes: CPUGEMMForm.constantBytes(axes: spec["AXES"] ?? 0))
      },
      code: { spec, backend throws(TesseraError) in
        try host(spec, backend) { group in
          guard let gemm = constants(group), let b = group.buffers[0].baseAddress,
            let packed = group.buffers[1].baseAddress
          else { return }
          // K, which has no other bound, runs along x, the axis with the largest group count.
          tessera_gemm_pack(
            gemm, Int64(group.group.y), Int64(group.group.x), Int64(group.group.z), b,
            packed.assumingMemoryBound(to: Float.self))
        }
      }),
    KernelEntry(
      name: block,
      signature: { spec, _ in
        let floats = tessera_gemm_block_floats(
          Int64(spec["TILE_M"] ?? 0), Int64(spec["TILE_N"] ?? 0), Int64(spec["TILE_K"] ?? 0),
          Int64(spec["PACKS_B"] ?? 0))
        return signature(spec, localBytes: Int(floats) * 4)
      },
      code: { spec, backend throws(TesseraError) in
        let packsB = Int32(spec["PACKS_B"] ?? 0)
        return try host(spec, backend) { group in
          guard let gemm = constants(group), var operands = operands(group),
            let local = group.local.baseAddress
          else { return }
          tessera_gemm_block(
            gemm, Int64(group.group.x), Int64(group.group.y), Int64(group.group.z), packsB,
            &operands, local.assumingMemoryBound(to: Float.self))
        }
      }),
    KernelEntry(
      name: vector,
      signature: { spec, _ in
        let floats = tessera_gemm_vector_floats(
          Int64(spec["TILE_N"] ?? 0), Int64(spec["TILE_K"] ?? 0))
        return signature(spec, localBytes: Int(floats) * 4)
      },
      code: { spec, backend throws(TesseraError) in
        try host(spec, backend) { group in
          guard let gemm = constants(group), var operands = operands(group),
            let local = group.local.baseAddress
          else { return }
          tessera_gemm_vector(
            gemm, Int64(group.group.x), Int64(group.group.z), &operands,
            local.assumingMemoryBound(to: Float.self))
        }
      }),
  ]

  /// The signature of the kernels that compute D.
  private static func signature(_ spec: KernelSpec, localBytes: Int) -> KernelSignature {
    KernelSignature(
      name: spec.name,
      slots: [
        .init("a", .read, alignment: 2), .init("b", .read, alignment: 2),
        .init("c", .read, alignment: 2), .init("bias", .read, alignment: 2),
        .init("d", .write, alignment: 2),
      ],
      constantBytes: CPUGEMMForm.constantBytes(axes: spec["AXES"] ?? 0), localBytes: localBytes)
  }

  private static func host(
    _ spec: KernelSpec, _ backend: BackendKind, _ function: @escaping HostFunction
  ) throws(TesseraError) -> KernelCode {
    guard backend == .cpu else {
      throw .unsupported("kernel \(spec.name)", device: backend.rawValue)
    }
    return .host(function)
  }

  private static func constants(_ group: HostGroup) -> UnsafePointer<tessera_gemm>? {
    group.constants.baseAddress?.assumingMemoryBound(to: tessera_gemm.self)
  }

  private static func operands(_ group: HostGroup) -> tessera_gemm_operands? {
    guard let d = group.buffers[4].baseAddress else { return nil }
    return tessera_gemm_operands(
      a: group.buffers[0].baseAddress, b: group.buffers[1].baseAddress,
      c: group.buffers[2].baseAddress, bias: group.buffers[3].baseAddress, d: d)
  }
}
