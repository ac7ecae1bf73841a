import CTesseraSIMD
import TesseraCore
import TesseraHAL

/// Kernels of the reference set, `Shaders/HPC`: all take the same constants `n, width, count, a`.
package enum HPCKernels {
  /// Workgroups that share a dot product, and their parts.
  static let dotParts = 64

  private typealias Slot = KernelSignature.Slot

  package static let entries = [
    entry("stream_read", [.init("in", .read, alignment: 16), .init("out", .write)]) { group, p in
      guard let input = group.floats(0), let out = group.floats(1) else { return }
      let range = group.share(of: p.n)
      // A workgroup of the GPU's kernel leaves 64 sums.
      let place = out + 64 * group.group.x
      place.update(repeating: 0, count: 64)
      place[0] = tessera_hpc_read(input, 4 * range.lowerBound, 4 * range.upperBound)
    },
    entry("stream_write", [.init("out", .write, alignment: 16)]) { group, p in
      guard let out = group.floats(0) else { return }
      let range = group.share(of: p.n)
      tessera_hpc_write(out, p.a, 4 * range.lowerBound, 4 * range.upperBound)
    },
    entry("fma_peak", [.init("out", .write)]) { group, p in
      guard let out = group.floats(0) else { return }
      // 64 invocations of 32 chains each are 16 calls of 128.
      for part in 0..<16 {
        let sum = tessera_hpc_fma(p.a, p.count) / 4
        for i in 0..<4 { out[64 * group.group.x + 4 * part + i] = sum }
      }
    },
    entry(
      "axpy",
      [
        .init("x", .read, alignment: 16), .init("y", .read, alignment: 16),
        .init("z", .write, alignment: 16),
      ]
    ) { group, p in
      guard let x = group.floats(0), let y = group.floats(1), let z = group.floats(2) else {
        return
      }
      let range = group.share(of: p.n)
      tessera_hpc_axpy(p.a, x, y, z, range.lowerBound, range.upperBound)
    },
    entry(
      "gemv",
      [.init("a", .read, alignment: 16), .init("x", .read, alignment: 16), .init("y", .write)],
      localBytes: 256
    ) { group, p in
      guard let a = group.floats(0), let x = group.floats(1), let y = group.floats(2) else {
        return
      }
      let range = group.share(of: p.n)
      tessera_hpc_gemv(a, x, y, p.width, range.lowerBound, range.upperBound)
    },
    entry(
      "spmv",
      [
        .init("rows", .read), .init("columns", .read), .init("values", .read), .init("x", .read),
        .init("y", .write),
      ], localBytes: 256
    ) { group, p in
      guard let rows = group.integers(0), let columns = group.integers(1),
        let values = group.floats(2), let x = group.floats(3), let y = group.floats(4)
      else { return }
      let range = group.share(of: p.n)
      tessera_hpc_spmv(rows, columns, values, x, y, range.lowerBound, range.upperBound)
    },
    entry("jacobi", [.init("u", .read), .init("f", .read), .init("v", .write)]) { group, p in
      guard let u = group.floats(0), let f = group.floats(1), let v = group.floats(2) else {
        return
      }
      let range = group.share(of: p.n)
      tessera_hpc_jacobi(u, f, v, p.n, p.width, range.lowerBound, range.upperBound)
    },
    entry(
      "dot_parts", [.init("x", .read), .init("y", .read), .init("parts", .write)], localBytes: 256
    ) { group, p in
      guard let x = group.floats(0), let y = group.floats(1), let parts = group.floats(2)
      else { return }
      let range = group.share(of: p.n)
      parts[group.group.x] = tessera_hpc_dot(x, y, range.lowerBound, range.upperBound)
    },
    entry(
      "cg_start",
      [.init("b", .read), .init("x", .write), .init("r", .write), .init("p", .write)]
    ) { group, p in
      guard let b = group.floats(0), let x = group.floats(1), let r = group.floats(2),
        let direction = group.floats(3)
      else { return }
      for i in group.share(of: p.n) { (x[i], r[i], direction[i]) = (0, b[i], b[i]) }
    },
    entry(
      "cg_step",
      [
        .init("rr", .read), .init("pq", .read), .init("p", .read), .init("q", .read),
        .init("x", .readWrite), .init("r", .readWrite),
      ], localBytes: 256
    ) { group, p in
      guard let rr = group.floats(0), let pq = group.floats(1), let direction = group.floats(2),
        let q = group.floats(3), let x = group.floats(4), let r = group.floats(5)
      else { return }
      let range = group.share(of: p.n)
      tessera_hpc_cg_step(
        ratio(rr, pq), direction, q, x, r, range.lowerBound, range.upperBound)
    },
    entry(
      "cg_direction",
      [.init("new", .read), .init("old", .read), .init("r", .read), .init("p", .readWrite)],
      localBytes: 256
    ) { group, p in
      guard let new = group.floats(0), let old = group.floats(1), let r = group.floats(2),
        let direction = group.floats(3)
      else { return }
      let range = group.share(of: p.n)
      tessera_hpc_cg_direction(
        ratio(new, old), r, direction, range.lowerBound, range.upperBound)
    },
  ]

  /// Σ above / Σ below over the parts of two dot products; 0 where the latter is.
  private static func ratio(
    _ above: UnsafeMutablePointer<Float>, _ below: UnsafeMutablePointer<Float>
  ) -> Float {
    let (a, b) = (tessera_hpc_read(above, 0, dotParts), tessera_hpc_read(below, 0, dotParts))
    return b > 0 ? a / b : 0
  }

  /// The constants block of all these kernels.
  private struct Constants {
    var n: Int
    var width: Int
    var count: Int
    var a: Float
  }

  private static func entry(
    _ name: String, _ slots: [Slot], localBytes: Int = 0,
    host: @escaping @Sendable (HostGroup, Constants) -> Void
  ) -> KernelEntry {
    KernelEntry(
      name: name,
      signature: { _, backend in
        KernelSignature(
          name: name, slots: slots, constantBytes: 16,
          workgroup: backend == .cpu ? [1, 1, 1] : [GridSize.linearWorkgroup, 1, 1],
          localBytes: backend == .cpu ? 0 : localBytes)
      },
      code: { spec, backend throws(TesseraError) in
        try .portable(spec, backend, ids: [:]) { group in
          let bytes = group.constants
          func word(_ index: Int) -> Int {
            Int(bytes.loadUnaligned(fromByteOffset: 4 * index, as: Int32.self))
          }
          host(
            group,
            Constants(
              n: word(0), width: word(1), count: word(2),
              a: bytes.loadUnaligned(fromByteOffset: 12, as: Float.self)))
        }
      })
  }
}

extension HostGroup {
  fileprivate func floats(_ slot: Int) -> UnsafeMutablePointer<Float>? {
    buffers[slot].baseAddress?.assumingMemoryBound(to: Float.self)
  }
  fileprivate func integers(_ slot: Int) -> UnsafeMutablePointer<Int32>? {
    buffers[slot].baseAddress?.assumingMemoryBound(to: Int32.self)
  }
}
