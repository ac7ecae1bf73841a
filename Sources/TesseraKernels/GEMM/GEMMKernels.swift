import TesseraCore
import TesseraHAL
import TesseraShaders

/// The kernels of matrix products for OpenCL and Vulkan.
///
/// | kernel | workgroup computes |
/// |---|---|
/// | `gemm_tiled` | `TILE_M × TILE_N` of D through local memory |
/// | `gemm_direct` | `WORK_M × (LANES · WORK_N)` of D from registers |
/// | `gemm_naive` | `GROUP_M × GROUP_N` of D, one output per invocation |
///
/// Slots: a, b, c, bias, d, and with `SPLIT` the f32 sums carried between dispatches.
package enum GEMMKernels {
  package static let entries: [KernelEntry] = [
    entry("gemm_naive"), entry("gemm_direct"), entry("gemm_tiled"),
  ]

  /// Words of the constants block.
  static let constantWords = 29

  /// Specialization constants of the parameters; 0, 1 and 2 are the workgroup.
  private static let specializationIDs: [String: Int] = [
    "A_DTYPE": 3, "B_DTYPE": 4, "C_DTYPE": 5, "BIAS_DTYPE": 6, "D_DTYPE": 7, "TRANSPOSE_A": 8,
    "TRANSPOSE_B": 9, "USE_C": 10, "BIAS_AXIS": 11, "ACTIVATION": 12, "VECTOR_A": 13,
    "VECTOR_B": 14, "VECTOR_D": 15, "LANES": 16, "TILE_M": 16, "TILE_N": 17, "TILE_K": 18,
    "WORK_M": 19, "WORK_N": 20, "UNROLL_K": 21, "INTERLEAVE": 22, "PANEL_M": 23, "PANEL_N": 24,
    "PAD": 25, "STAGES": 26,
  ]

  private static func entry(_ name: String) -> KernelEntry {
    KernelEntry(
      name: name,
      signature: { spec, _ in signature(spec) },
      code: { spec, backend throws(TesseraError) in try code(spec, backend) })
  }

  private static func signature(_ spec: KernelSpec) -> KernelSignature {
    func alignment(_ vector: String) -> Int { spec[vector] == 4 ? 16 : 4 }
    var slots: [KernelSignature.Slot] = [
      .init("a", .read, alignment: alignment("VECTOR_A")),
      .init("b", .read, alignment: alignment("VECTOR_B")),
      .init("c", .read), .init("bias", .read),
      .init("d", .write, alignment: alignment("VECTOR_D")),
    ]
    if spec["SPLIT"] == 1 { slots.append(.init("sums", .readWrite)) }
    let form = form(spec)
    return KernelSignature(
      name: spec.name, slots: slots, constantBytes: 4 * constantWords,
      workgroup: form.workgroup, localBytes: form.localBytes,
      subgroupSize: form.subgroup ? form.invocations : nil)
  }

  private static func code(
    _ spec: KernelSpec, _ backend: BackendKind
  ) throws(TesseraError) -> KernelCode {
    switch backend {
    case .openCL, .recording:
      guard let source = TesseraShaders.source(spec.name + ".cl") else {
        throw .unsupported("kernel \(spec.name) in OpenCL")
      }
      // The direct kernel asks whether SUBGROUP is defined, not for its value.
      let defines = spec.parameters.filter { $0.name != "SUBGROUP" }
        .map { KernelCode.Define($0.name, $0.value) }
      // Vectors wider than a register make compilers remark on calling conventions that inlining
      // leaves unused; some print that to the terminal.
      return .openCL(source: source, defines: defines, options: "-w")
    case .vulkan:
      let module =
        spec.name + (spec["SUBGROUP"] == 1 ? "_subgroup" : "") + (spec["SPLIT"] == 1 ? "_split" : "")
      guard let words = TesseraShaders.module(module + ".spv") else {
        throw .unsupported("kernel \(module) in Vulkan")
      }
      var constants = form(spec).workgroup.enumerated()
        .map { KernelCode.Specialization(id: $0.offset, value: $0.element) }
      for parameter in spec.parameters {
        guard let id = specializationIDs[parameter.name] else { continue }
        constants.append(.init(id: id, value: parameter.value))
      }
      return .spirv(words: words, specialization: constants)
    case .cpu:
      throw .unsupported("kernel \(spec.name) on \(backend.rawValue)")
    }
  }

  /// The form a kernel was specified from, as far as its parameters tell.
  private static func form(_ spec: KernelSpec) -> GEMMForm {
    func value(_ name: String) -> Int { spec[name] ?? 1 }
    switch spec.name {
    case "gemm_tiled":
      return .tiled(
        value("TILE_M"), value("TILE_N"), value("TILE_K"), work: (value("WORK_M"), value("WORK_N")),
        unrollK: value("UNROLL_K"), interleave: spec["INTERLEAVE"] != 0, pad: spec["PAD"] ?? 0,
        stages: value("STAGES"), width: value("WIDTH"), share: 1)
    case "gemm_direct":
      return .direct(
        lanes: value("LANES"), work: (value("WORK_M"), value("WORK_N")),
        subgroup: spec["SUBGROUP"] == 1, share: 1)
    default:
      return GEMMForm(kernel: .naive, tileM: value("GROUP_M"), tileN: value("GROUP_N"), share: 1)
    }
  }
}
