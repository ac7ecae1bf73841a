import TesseraCore
import TesseraHAL

/// The kernels of attention over boxes on Hopper's tensor cores. Slots of the first are those of
/// `attention_forward`, with tensor maps in place of carried state; of the second k, v and the maps.
enum HopperAttentionKernels {
  static let forward = "attention_hopper"
  static let maps = "attention_maps"
  /// The same over lists of key blocks, with the slots of `list_forward`.
  static let lists = "list_hopper"

  static let entries: [KernelEntry] = [
    entry(forward, constantBytes: 128) { form in
      BoxPass.forward.roles.map { role in
        switch role {
        case .o: .init(role.rawValue, .write, alignment: 16)
        case .lse: .init(role.rawValue, .write)
        case .state: .init(role.rawValue, .read, alignment: form.boxCopies ? 128 : 4)
        case .q, .k, .v, .extraK, .extraV: .init(role.rawValue, .read, alignment: 16)
        default: .init(role.rawValue, .read)
        }
      }
    },
    entry(lists, constantBytes: 120) { _ in
      ListPass.forward.roles.map { role in
        switch role {
        case .o: .init(role.rawValue, .write, alignment: 16)
        case .lse: .init(role.rawValue, .write)
        case .q, .k, .v: .init(role.rawValue, .read, alignment: 16)
        default: .init(role.rawValue, .read)
        }
      }
    },
    KernelEntry(
      name: maps,
      signature: { _, _ in
        KernelSignature(
          name: maps,
          slots: [
            .init("k", .read, alignment: 16), .init("v", .read, alignment: 16),
            .init("maps", .write, alignment: 128),
          ], constantBytes: 128, workgroup: [64, 1, 1], localBytes: 256)
      },
      code: { spec, backend throws(TesseraError) in try code(spec, backend, threads: 64) }),
  ]

  /// One of the kernels that multiply.
  private static func entry(
    _ name: String, constantBytes: Int,
    slots: @escaping @Sendable (HopperAttentionForm) -> [KernelSignature.Slot]
  ) -> KernelEntry {
    KernelEntry(
      name: name,
      signature: { spec, _ in
        let form = HopperAttentionForm(spec)
        return KernelSignature(
          name: name, slots: slots(form), constantBytes: constantBytes,
          workgroup: [form.threads, 1, 1],
          localBytes: form.localBytes(
            headDim: spec["HEAD_DIM"] ?? 0, valueDim: spec["VALUE_DIM"] ?? 0))
      },
      code: { spec, backend throws(TesseraError) in
        try code(spec, backend, threads: HopperAttentionForm(spec).threads)
      })
  }

  private static func code(
    _ spec: KernelSpec, _ backend: BackendKind, threads: Int
  ) throws(TesseraError) -> KernelCode {
    // What runs on tensor cores is written for one language.
    guard backend == .openCL || backend == .recording else {
      throw .unsupported("\(spec.name) for \(backend.rawValue)")
    }
    return try .portable(spec, backend, ids: [:], workgroup: threads) { _ in }
  }
}
