import TesseraCore
import TesseraHAL

/// The kernels of attention of few queries to many keys in pages, for OpenCL and Vulkan, and for OpenCL on
/// tensor cores.
enum DecodeKernels {
  static let forward = "decode_forward"
  static let tensor = "decode_mma"

  private static let parameters: [KernelSignature.Slot] = [
    .init("k_parameters", .read, alignment: 16), .init("v_parameters", .read, alignment: 16),
  ]

  static let entries = [forward, tensor].map { name in
    KernelEntry(
      name: name,
      signature: { spec, backend in
        KernelSignature(
          name: backend == .vulkan ? "main" : name,
          slots: [
            .init("q", .read, alignment: 16), .init("k", .read, alignment: 16),
            .init("v", .read, alignment: 16), .init("entries", .read), .init("lengths", .read),
            .init("table", .read), .init("cu_k", .read), .init("sinks", .read),
          ] + (name == forward ? parameters : []) + [
            .init("o", .write, alignment: 16), .init("lse", .write),
          ],
          constantBytes: 76, workgroup: [DecodeForm.threads, 1, 1],
          localBytes: DecodeForm.localBytes(spec))
      },
      code: { spec, backend throws(TesseraError) in
        // What runs on tensor cores is written for one language.
        guard backend != .cpu, name == forward || backend != .vulkan else {
          throw .unsupported("\(name) for \(backend.rawValue)")
        }
        return try .portable(
          spec, backend,
          ids: [
            "HEAD_DIM": [9], "VALUE_DIM": [10], "ROWS": [11], "KEYS": [12], "VALUES": [13],
            "SEVERAL": [14], "UNIFIED": [15], "SOFT_CAP": [25], "LISTED": [43], "Q_DTYPE": [30],
            "K_DTYPE": [31], "V_DTYPE": [32], "K_CHANNELS": [50], "K_TOKENS": [51],
            "V_CHANNELS": [52], "V_TOKENS": [53], "K_PARAMETERS_DTYPE": [54],
            "V_PARAMETERS_DTYPE": [55],
            "O_DTYPE": [35],
          ], workgroup: DecodeForm.threads
        ) { _ in }
      })
  }
}
