import TesseraCore
import TesseraHAL
import TesseraShaders

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
        code: { spec, backend throws(TesseraError) in try code(pass, spec, backend) })
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

  /// Specialization constants of the GLSL modules.
  private static let specialization: [(name: String, id: Int)] = [
    ("HEAD_DIM", 9), ("VALUE_DIM", 10), ("WORK_R", 11), ("WORK_C", 12), ("BLOCK_R", 13),
    ("BLOCK_C", 14), ("BLOCK_V", 15), ("BLOCK_D", 16), ("STEP_D", 17), ("STEP_C", 18),
    ("RESIDENT", 19), ("STAGE", 20), ("LANES", 21), ("PARTS", 22), ("GRAIN", 23),
    ("SOFT_CAP", 25), ("PACKED", 28), ("KEY_MAJOR", 42), ("PAGED", 43),
  ]

  private static func code(
    _ pass: ListPass, _ spec: KernelSpec, _ backend: BackendKind
  ) throws(TesseraError) -> KernelCode {
    switch backend {
    case .openCL, .recording:
      guard let source = TesseraShaders.source(pass.kernel + ".cl") else { break }
      return .openCL(
        source: source, defines: spec.parameters.map { .init($0.name, $0.value) }, options: "")
    case .vulkan:
      guard let words = TesseraShaders.module(pass.kernel + ".spv") else { break }
      var constants: [KernelCode.Specialization] = [
        .init(id: 0, value: BoxKernels.threads(spec)), .init(id: 1, value: 1),
        .init(id: 2, value: 1),
      ]
      for (name, id) in specialization { constants.append(.init(id: id, value: spec[name] ?? 0)) }
      // Inputs share a type; so do O and dO, and the gradients.
      let types = [
        (30...32, "Q_DTYPE"), (35...36, "O_DTYPE"), (37...39, "GRADIENT_DTYPE"),
      ]
      for (ids, name) in types {
        for id in ids { constants.append(.init(id: id, value: spec[name] ?? 0)) }
      }
      return .spirv(words: words, specialization: constants)
    case .cpu: break
    }
    throw .unsupported("\(pass.kernel) for \(backend.rawValue)")
  }

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
