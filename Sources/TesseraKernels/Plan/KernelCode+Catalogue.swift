import TesseraCore
import TesseraHAL
import TesseraShaders

extension KernelCode {
  /// The code of a kernel written once for OpenCL and Vulkan, and as a host function for the CPU.
  ///
  /// OpenCL gets all parameters of `spec` as `-D`, Vulkan those in `ids` as specialization constants
  /// behind the workgroup's size.
  static func portable(
    _ spec: KernelSpec, _ backend: BackendKind, ids: [String: [Int]],
    workgroup: Int = GridSize.linearWorkgroup, host: @escaping HostFunction
  ) throws(TesseraError) -> KernelCode {
    switch backend {
    case .openCL, .recording:
      guard let source = TesseraShaders.source(spec.name + ".cl") else { break }
      // Functions on vectors make compilers remark on calling conventions that inlining leaves unused.
      return .openCL(
        source: source, defines: spec.parameters.map { .init($0.name, $0.value) }, options: "-w")
    case .vulkan:
      guard let words = TesseraShaders.module(spec.name + ".spv") else { break }
      var constants: [Specialization] = [
        .init(id: 0, value: workgroup), .init(id: 1, value: 1), .init(id: 2, value: 1),
      ]
      for parameter in spec.parameters {
        for id in ids[parameter.name] ?? [] {
          constants.append(.init(id: id, value: parameter.value))
        }
      }
      return .spirv(words: words, specialization: constants)
    case .cpu: return .host(host)
    }
    throw .unsupported("\(spec.name) for \(backend.rawValue)")
  }
}
