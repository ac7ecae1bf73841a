import TesseraCore
import TesseraHAL
import TesseraShaders

/// The tensor-core products for NVIDIA's OpenCL and their second pass.
///
/// Slots of `gemm_hopper` and `gemm_mma`: a, b, c, bias, d, scratch; of `gemm_join`: sums, c, bias, d.
package enum TensorGEMMKernels {
  package static let entries: [KernelEntry] = [
    KernelEntry(
      name: "gemm_hopper", signature: { spec, _ in hopper(spec) },
      code: { spec, backend throws(TesseraError) in try code(spec, backend) }),
    KernelEntry(
      name: "gemm_mma", signature: { spec, _ in mma(spec) },
      code: { spec, backend throws(TesseraError) in try code(spec, backend) }),
    KernelEntry(
      name: "gemm_join", signature: { spec, _ in join(spec) },
      code: { spec, backend throws(TesseraError) in try code(spec, backend) }),
  ]

  private static func code(
    _ spec: KernelSpec, _ backend: BackendKind
  ) throws(TesseraError) -> KernelCode {
    guard backend == .openCL || backend == .recording,
      let source = TesseraShaders.source(spec.name + ".cl")
    else { throw .unsupported("kernel \(spec.name) for \(backend.rawValue)") }
    return .openCL(
      source: source, defines: spec.parameters.map { .init($0.name, $0.value) }, options: "-w")
  }

  private static func hopper(_ spec: KernelSpec) -> KernelSignature {
    let form = HopperGEMMForm(
      warpgroups: spec["WARPGROUPS"] ?? 1, blocks: spec["BLOCKS"] ?? 1,
      tileN: spec["TILE_N"] ?? 64, stages: spec["STAGES"] ?? 2)
    return products(
      spec, threads: form.threads, localBytes: form.localBytes, outputAlignment: 16,
      scratchAlignment: 128)
  }

  private static func mma(_ spec: KernelSpec) -> KernelSignature {
    let form = MMAGEMMForm(
      warps: (spec["WARPS_M"] ?? 1, spec["WARPS_N"] ?? 1),
      work: (spec["WORK_M"] ?? 1, spec["WORK_N"] ?? 2), stages: spec["STAGES"] ?? 2)
    return products(
      spec, threads: form.threads, localBytes: form.localBytes, outputAlignment: 4,
      scratchAlignment: 16)
  }

  private static func products(
    _ spec: KernelSpec, threads: Int, localBytes: Int, outputAlignment: Int, scratchAlignment: Int
  ) -> KernelSignature {
    let leavesSums = spec["SPLIT"] == 1
    return KernelSignature(
      name: spec.name,
      slots: [
        .init("a", .read, alignment: 16), .init("b", .read, alignment: 16), .init("c", .read),
        .init("bias", .read), .init("d", leavesSums ? .read : .write, alignment: outputAlignment),
        // Without sums `gemm_mma` needs no scratch, and any small buffer stands in its place.
        .init(
          "scratch", leavesSums || spec.name == "gemm_hopper" ? .readWrite : .read,
          alignment: scratchAlignment),
      ],
      constantBytes: 4 * 8 + 8 * 16 + 8, workgroup: [threads, 1, 1], localBytes: localBytes)
  }

  private static func join(_ spec: KernelSpec) -> KernelSignature {
    KernelSignature(
      name: spec.name,
      slots: [
        .init("sums", .read, alignment: 16), .init("c", .read), .init("bias", .read),
        .init("d", .write),
      ],
      constantBytes: 4 * 6 + 8 * 8 + 8, workgroup: [TensorGEMM.joinWorkgroup, 1, 1])
  }
}
