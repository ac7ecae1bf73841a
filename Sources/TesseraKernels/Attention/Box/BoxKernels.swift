import TesseraCore
import TesseraHAL
import TesseraShaders

/// The kernels of attention over boxes.
package enum BoxKernels {
  package static let entries = BoxPass.allCases.map { pass in
    KernelEntry(
      name: pass.kernel,
      signature: { spec, backend in
        KernelSignature(
          name: backend == .vulkan ? "main" : pass.kernel,
          slots: pass.roles.map { role in
            .init(role.rawValue, role == .state ? .readWrite : pass.writes(role) ? .write : .read)
          },
          constantBytes: 128, workgroup: [threads(spec), 1, 1], localBytes: localBytes(spec, pass))
      },
      code: { spec, backend throws(TesseraError) in try code(pass, spec, backend) })
  }

  static func threads(_ spec: KernelSpec) -> Int {
    (spec["WORK_R"] ?? 1) * (spec["WORK_C"] ?? 1)
  }

  static func localBytes(_ spec: KernelSpec, _ pass: BoxPass) -> Int {
    func value(_ name: String) -> Int { spec[name] ?? 1 }
    return BoxTiling(
      pass: pass, workR: value("WORK_R"), workC: value("WORK_C"), blockR: value("BLOCK_R"),
      blockC: value("BLOCK_C"), blockV: value("BLOCK_V"), blockD: value("BLOCK_D"),
      stepD: value("STEP_D"), stepC: value("STEP_C"), resident: value("RESIDENT") != 0,
      lanes: value("LANES"), width: value("WIDTH"), grain: value("GRAIN"),
      headDim: value("HEAD_DIM"), valueDim: value("VALUE_DIM")
    ).localBytes
  }

  /// Specialization constants of the GLSL modules.
  private static let specialization: [(name: String, id: Int)] = [
    ("HEAD_DIM", 9), ("VALUE_DIM", 10), ("WORK_R", 11), ("WORK_C", 12), ("BLOCK_R", 13),
    ("BLOCK_C", 14), ("BLOCK_V", 15), ("BLOCK_D", 16), ("STEP_D", 17), ("STEP_C", 18),
    ("RESIDENT", 19), ("STAGE", 20), ("LANES", 21), ("PARTS", 22), ("GRAIN", 23),
    ("SCORE_BIAS", 24), ("SOFT_CAP", 25), ("KEY_MASK", 26), ("EXTRA_KEYS", 27), ("PACKED", 28),
    ("RINGS", 29), ("GRIDS", 40), ("DENSE", 41),
  ]

  private static func code(
    _ pass: BoxPass, _ spec: KernelSpec, _ backend: BackendKind
  ) throws(TesseraError) -> KernelCode {
    switch backend {
    case .openCL, .recording:
      guard let source = TesseraShaders.source(pass.kernel + ".cl") else { break }
      return .openCL(
        source: source, defines: spec.parameters.map { .init($0.name, $0.value) }, options: "")
    case .vulkan:
      guard let words = TesseraShaders.module(pass.kernel + ".spv") else { break }
      var constants: [KernelCode.Specialization] = [
        .init(id: 0, value: threads(spec)), .init(id: 1, value: 1), .init(id: 2, value: 1),
      ]
      for (name, id) in specialization { constants.append(.init(id: id, value: spec[name] ?? 0)) }
      // Inputs share a type; so do O and dO, and the gradients.
      let types = [
        (30...34, "Q_DTYPE"), (35...36, "O_DTYPE"), (37...39, "GRADIENT_DTYPE"),
      ]
      for (ids, name) in types {
        for id in ids { constants.append(.init(id: id, value: spec[name] ?? 0)) }
      }
      return .spirv(words: words, specialization: constants)
    case .cpu: break
    }
    throw .unsupported("\(pass.kernel) for \(backend.rawValue)")
  }
}
