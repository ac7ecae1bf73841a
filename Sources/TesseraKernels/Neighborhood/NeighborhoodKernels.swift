import TesseraCore
import TesseraHAL
import TesseraShaders

/// The kernels of neighborhood attention.
package enum NeighborhoodKernels {
  static let tiledName = "na_tiled"

  package static let entries = [
    KernelEntry(
      name: tiledName,
      signature: { spec, backend in
        KernelSignature(
          name: backend == .vulkan ? "main" : tiledName,
          slots: slots + [.init("state", .readWrite)],
          constantBytes: 120, workgroup: [threads(spec), 1, 1], localBytes: localBytes(spec))
      },
      code: { spec, backend throws(TesseraError) in try tiledCode(spec, backend) }),
  ]

  /// Slots in the order of a plan's operands.
  static let slots: [KernelSignature.Slot] = [
    .init("q", .read), .init("k", .read), .init("v", .read), .init("extra_k", .read),
    .init("extra_v", .read), .init("o", .write), .init("lse", .write),
  ]

  private static func threads(_ spec: KernelSpec) -> Int {
    (spec["WORK_Q"] ?? 1) * (spec["WORK_K"] ?? 1)
  }

  /// As declared by `NA_LOCALS` in `na_tiled.h`.
  private static func localBytes(_ spec: KernelSpec) -> Int {
    func value(_ name: String) -> Int { spec[name] ?? 0 }
    let tileQ = value("WORK_Q") * value("BLOCK_Q"), tileK = value("WORK_K") * value("BLOCK_K")
    let perQuery = value("QUERY_D") + tileK + 4 + value("WORK_K") + 3
    return 4 * (tileQ * perQuery + value("STAGE") + 2 * tileK)
  }

  /// Specialization constants of `na_tiled.comp`.
  private static let specialization: [(name: String, id: Int)] = [
    ("HEAD_DIM", 9), ("VALUE_DIM", 10), ("WORK_Q", 11), ("WORK_K", 12), ("BLOCK_Q", 13),
    ("BLOCK_K", 14), ("BLOCK_V", 15), ("STEP_D", 16), ("STEP_K", 17), ("QUERY_D", 18),
    ("STAGE", 19), ("LANES", 20), ("V_SPLITS", 21), ("O_DTYPE", 8),
  ]

  private static func tiledCode(
    _ spec: KernelSpec, _ backend: BackendKind
  ) throws(TesseraError) -> KernelCode {
    switch backend {
    case .openCL, .recording:
      guard let source = TesseraShaders.source("na_tiled.cl") else { break }
      return .openCL(
        source: source, defines: spec.parameters.map { .init($0.name, $0.value) }, options: "")
    case .vulkan:
      guard let words = TesseraShaders.module("na_tiled.spv") else { break }
      var constants: [KernelCode.Specialization] = [
        .init(id: 0, value: threads(spec)), .init(id: 1, value: 1), .init(id: 2, value: 1),
      ]
      for (name, id) in specialization { constants.append(.init(id: id, value: spec[name] ?? 0)) }
      // Q, K, V and the additional ones share a type.
      for id in 3...7 { constants.append(.init(id: id, value: spec["Q_DTYPE"] ?? 0)) }
      return .spirv(words: words, specialization: constants)
    case .cpu: break
    }
    throw .unsupported("\(tiledName) for \(backend.rawValue)")
  }
}
