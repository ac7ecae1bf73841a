import TesseraHAL
package import TesseraRuntime

/// A kernel of your own, built for one device; made by `Device.kernel(…)`.
public struct Kernel: Sendable {
  /// What the kernel takes.
  public let interface: KernelInterface
  /// The entry point's name.
  public let name: String
  package let kernel: RuntimeKernel
  package let context: DeviceContext

  func record(
    on device: Device, groups: [Int], buffers: [Tensor], constants: [KernelConstant]
  ) throws(TesseraError) {
    guard device.context === context else {
      throw .invalidArgument(
        "kernel \(name)", got: "a kernel of \(context.name)", allowed: "one of \(device)")
    }
    guard (1...3).contains(groups.count) else {
      throw .invalidArgument("\(name): groups", got: "\(groups)", allowed: "one to three extents")
    }
    guard buffers.count == interface.buffers.count else {
      throw .invalidArgument(
        "\(name): buffers", got: buffers.count, allowed: "exactly \(interface.buffers.count)")
    }
    var ranges: [BufferRange] = []
    for (tensor, declared) in zip(buffers, interface.buffers) {
      guard tensor.dtype == declared.dtype else {
        throw .invalidArgument(
          "\(name): \(declared.name)", got: "\(tensor.dtype) elements", allowed: "\(declared.dtype)")
      }
      ranges.append(try tensor.contiguousRange("\(name): \(declared.name)"))
    }
    guard constants.map(\.kind) == interface.constants.map(\.type) else {
      throw .invalidArgument(
        "\(name): constants", got: "\(constants.map(\.kind.rawValue))",
        allowed: "\(interface.constants.map { "\($0.name): \($0.type.rawValue)" })")
    }
    var block = [UInt8](repeating: 0, count: kernel.signature.constantBytes)
    block.withUnsafeMutableBytes { bytes in
      for (value, field) in zip(constants, kernel.signature.constantFields) {
        guard let base = bytes.baseAddress else { return }
        value.store(to: base + field.offset)
      }
    }
    let extents = groups + Array(repeating: 1, count: 3 - groups.count)
    try block.withUnsafeBufferPointer { constants throws(TesseraError) in
      try ranges.withUnsafeBufferPointer { ranges throws(TesseraError) in
        try device.context.dispatch(
          kernel, groups: GridSize(extents[0], extents[1], extents[2]),
          constants: UnsafeRawBufferPointer(constants), ranges: ranges)
      }
    }
  }
}

extension Device {
  /// Builds an OpenCL C kernel.
  ///
  /// - Parameters:
  ///   - source: OpenCL C 1.2 text.
  ///   - entry: name of the kernel function.
  ///   - interface: what the kernel takes: buffers, constants and its workgroup.
  ///   - defines: macros, as `-D NAME=VALUE`.
  /// - Throws: `compile` with the compiler's log; `unsupported` on a device that is not OpenCL.
  public func kernel(
    openCL source: String, entry: String, interface: KernelInterface, defines: [String: String] = [:]
  ) throws(TesseraError) -> Kernel {
    guard info.backend == .openCL else {
      throw .unsupported("OpenCL C kernels; this device takes \(languages)", device: description)
    }
    let sorted = defines.sorted { $0.key < $1.key }.map { KernelCode.Define($0.key, $0.value) }
    return try kernel(
      .openCL(source: source, defines: sorted, options: ""), entry: entry, interface: interface)
  }

  /// Builds a kernel from SPIR-V for Vulkan 1.3, such as `GLSL.compile` returns.
  /// - Parameters:
  ///   - words: the module.
  ///   - entry: the name of the kernel function.
  ///   - interface: what the kernel takes: buffers, constants and its workgroup.
  ///   - specialization: 32-bit specialization constants by their `constant_id`; ids 0, 1 and 2 are
  ///     given the workgroup's extents.
  /// - Throws: `compile` if the module does not fit the interface; `unsupported` on a device that is
  ///   not Vulkan.
  public func kernel(
    spirv words: [UInt32], entry: String = "main", interface: KernelInterface,
    specialization: [Int: UInt32] = [:]
  ) throws(TesseraError) -> Kernel {
    guard info.backend == .vulkan else {
      throw .unsupported("SPIR-V kernels; this device takes \(languages)", device: description)
    }
    let workgroup = try interface.signature(entry: entry).workgroup
    var constants = specialization
    for (id, extent) in workgroup.enumerated() { constants[id] = UInt32(truncatingIfNeeded: extent) }
    let sorted = constants.sorted { $0.key < $1.key }
      .map { KernelCode.Specialization(id: $0.key, value: $0.value) }
    return try kernel(
      .spirv(words: words, specialization: sorted), entry: entry, interface: interface)
  }

  private func kernel(
    _ code: KernelCode, entry: String, interface: KernelInterface
  ) throws(TesseraError) -> Kernel {
    let signature = try interface.signature(entry: entry)
    return Kernel(
      interface: interface, name: entry,
      kernel: try context.kernels.kernel(code, signature: signature), context: context)
  }

  private var languages: String {
    switch info.backend {
    case .openCL: "OpenCL C"
    case .vulkan: "SPIR-V and GLSL"
    default: "no kernels of your own"
    }
  }
}
