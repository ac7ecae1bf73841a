import TesseraCore
import TesseraHAL

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
      code: { spec, backend throws(TesseraError) in try code(spec, backend, ids: ids) })
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

  /// The code of a kernel of the shared skeleton, whatever its front.
  ///
  /// - Parameter ids: specialization constants of the front's own parameters, and of element types.
  static func code(
    _ spec: KernelSpec, _ backend: BackendKind, ids: [String: [Int]]
  ) throws(TesseraError) -> KernelCode {
    guard backend != .cpu else { throw .unsupported("\(spec.name) for \(backend.rawValue)") }
    return try .portable(
      spec, backend, ids: skeleton.merging(ids) { $1 }, workgroup: threads(spec)
    ) { _ in }
  }

  /// Specialization constants that all fronts share.
  private static let skeleton: [String: [Int]] = [
    "HEAD_DIM": [9], "VALUE_DIM": [10], "WORK_R": [11], "WORK_C": [12], "BLOCK_R": [13],
    "BLOCK_C": [14], "BLOCK_V": [15], "BLOCK_D": [16], "STEP_D": [17], "STEP_C": [18],
    "RESIDENT": [19], "STAGE": [20], "LANES": [21], "PARTS": [22], "GRAIN": [23],
    "SOFT_CAP": [25], "PACKED": [28],
    // O and dO share a type, and so do the gradients.
    "O_DTYPE": [35, 36], "GRADIENT_DTYPE": [37, 38, 39],
  ]

  private static let ids: [String: [Int]] = [
    "SCORE_BIAS": [24], "KEY_MASK": [26], "EXTRA_KEYS": [27], "RINGS": [29], "GRIDS": [40],
    "DENSE": [41], "Q_DTYPE": [30, 31, 32, 33, 34],
  ]
}
