import TesseraCore
import TesseraHAL

/// The kernels of attention over lists of key blocks, for OpenCL and Vulkan.
package enum ListAttentionKernels {
  static let chunks = "list_chunks"
  static let join = "list_join"
  static let sinkGradient = "list_sink_gradient"

  package static let entries =
    ListPass.allCases.map { pass in
      KernelEntry(
        name: pass.kernel,
        signature: { spec, backend in
          KernelSignature(
            name: backend == .vulkan ? "main" : pass.kernel,
            slots: pass.roles.map { role in
              .init(role.rawValue, role == .state ? .readWrite : pass.writes(role) ? .write : .read)
            },
            constantBytes: 120, workgroup: [BoxKernels.threads(spec), 1, 1],
            localBytes: BoxKernels.localBytes(spec, pass.box))
        },
        code: { spec, backend throws(TesseraError) in
          try BoxKernels.code(spec, backend, ids: ids)
        })
    } + [
      small(
        chunks, constantBytes: 36, localBytes: 256,
        slots: { _ in
          [.init("offsets", .read), .init("entries", .read), .init("chunks", .readWrite)]
        },
        ids: [:]),
      small(
        join, constantBytes: 80,
        slots: { vector in
          [
            .init("parts", .read, alignment: vector), .init("parts_lse", .read),
            .init("lengths", .read), .init("cu_q", .read), .init("cu_k", .read),
            .init("sinks", .read), .init("o", .write, alignment: vector), .init("lse", .write),
          ]
        }, ids: ["O_DTYPE": [4], "VECTOR": [8], "PACKED": [28], "WEIGHED": [44]]),
      small(
        sinkGradient, constantBytes: 16, localBytes: 256,
        slots: { _ in
          [
            .init("sinks", .read), .init("lse", .read), .init("delta", .read),
            .init("d_sinks", .readWrite),
          ]
        }, ids: [:]),
    ]

  private static let ids: [String: [Int]] = [
    "KEY_MAJOR": [42], "PAGED": [43], "Q_DTYPE": [30, 31, 32],
  ]

  /// A kernel that has workgroups of 64 and no tiles.
  private static func small(
    _ name: String, constantBytes: Int, localBytes: Int = 0,
    slots: @escaping @Sendable (_ vectorAlignment: Int) -> [KernelSignature.Slot],
    ids: [String: [Int]]
  ) -> KernelEntry {
    KernelEntry(
      name: name,
      signature: { spec, backend in
        KernelSignature(
          name: backend == .vulkan ? "main" : name, slots: slots(spec["VECTOR"] == 1 ? 16 : 4),
          constantBytes: constantBytes, workgroup: [GridSize.linearWorkgroup, 1, 1],
          localBytes: localBytes)
      },
      code: { spec, backend throws(TesseraError) in
        guard backend != .cpu else { throw .unsupported("\(name) for \(backend.rawValue)") }
        return try .portable(spec, backend, ids: ids) { _ in }
      })
  }
}
