import COpenCL
import TesseraCore
import TesseraHAL

/// A built `cl_program`, released with its last reference.
final class OpenCLProgram {
  let device: OpenCLDevice
  let handle: cl_program
  /// Whether it was built from a cached binary.
  let fromBinary: Bool
  /// Whether it was assembled for one architecture's own instructions, which hand registers from one
  /// warp to another: the driver's limit for a workgroup then takes the most that any has for all.
  let handsRegisters: Bool

  /// Takes over `handle`.
  private init(
    adopting handle: cl_program, device: OpenCLDevice, fromBinary: Bool, handsRegisters: Bool = false
  ) {
    self.handsRegisters = handsRegisters
    self.device = device
    self.handle = handle
    self.fromBinary = fromBinary
  }

  deinit { _ = device.library.functions.clReleaseProgram(handle) }

  /// Builds from `binary` if there is one that the driver takes, else from source.
  /// - Throws: `overLimit` for what would be refused, or end the process, later; `compile` with the
  ///   driver's log.
  static func build(
    on device: OpenCLDevice, signature: KernelSignature, source: String,
    defines: [KernelCode.Define], options: String, binary: [UInt8]?
  ) throws(TesseraError) -> OpenCLProgram {
    try device.checkAlive()
    try checkLimits(of: signature, on: device.capabilities)
    var (source, defines) = (source, defines)
    if device.bounds == .enforce {
      if PTXText.isPTX(source) {
        throw .unsupported(
          "bounds of kernel \(signature.name), which is PTX", device: device.identity.name)
      }
      switch signature.style {
      case .tessera: defines.append(.init("TESSERA_ENFORCE", 1))
      case .plain:
        source = try BoundedSource.make(
          source, kernel: signature.name, slots: signature.slots.count, defines: defines)
      }
    }
    let options = try optionString(defines: defines, options: options)
    if let binary, let bytes = OpenCLBinary.unwrapped(binary, for: device.capabilities) {
      let loaded = load(bytes, on: device, fromBinary: true)
      // Any failure means that the binary is another driver's: the source is always there.
      if let program = loaded, program.compile(options) == CL_SUCCESS { return program }
    }
    if PTXText.isPTX(source) {
      return try assemble(Array(source.utf8), on: device, name: signature.name, options: options)
    }

    var status: cl_int = CL_SUCCESS
    let handle = source.withCString { text in
      var text: UnsafePointer<CChar>? = text
      return device.library.functions.clCreateProgramWithSource(
        device.context, 1, &text, nil, &status)
    }
    guard let handle else { throw device.failure(status, "clCreateProgramWithSource", .query) }
    let program = OpenCLProgram(adopting: handle, device: device, fromBinary: false)
    try program.compile(options, name: signature.name)
    guard source.contains(PTXText.mark), let capability = device.capabilities.computeCapability,
      let ptx = program.readBinary(),
      let uncovered = PTXText.uncovered(ptx, computeCapability: capability)
    else { return program }
    return try assemble(uncovered, on: device, name: signature.name, options: options)
  }

  /// Builds from PTX text.
  private static func assemble(
    _ ptx: [UInt8], on device: OpenCLDevice, name: String, options: String
  ) throws(TesseraError) -> OpenCLProgram {
    guard device.capabilities.computeCapability != nil else {
      throw .unsupported("kernel \(name) is PTX", device: device.identity.name)
    }
    // Text that ends without a zero byte is read beyond its end by some drivers' assemblers.
    let text = ptx.last == 0 ? ptx : ptx + [0]
    guard let program = load(text, on: device, fromBinary: false) else {
      throw .compile(kernel: name, log: "the driver refuses the PTX text as a binary")
    }
    try program.compile(options, name: name)
    return program
  }

  /// Nil if the driver refuses the bytes at once.
  private static func load(
    _ binary: [UInt8], on device: OpenCLDevice, fromBinary: Bool
  ) -> OpenCLProgram? {
    var status: cl_int = CL_SUCCESS
    var size = binary.count
    var id: cl_device_id? = device.id
    let handle = binary.withUnsafeBufferPointer { bytes in
      var address = bytes.baseAddress
      return device.library.functions.clCreateProgramWithBinary(
        device.context, 1, &id, &size, &address, nil, &status)
    }
    guard let handle else { return nil }
    let program = OpenCLProgram(
      adopting: handle, device: device, fromBinary: fromBinary,
      handsRegisters: device.capabilities.computeCapability != nil
        && PTXText.isArchitectureSpecific(binary))
    return status == CL_SUCCESS ? program : nil
  }

  /// - Throws: `compile` with the driver's log.
  private func compile(_ options: String, name: String) throws(TesseraError) {
    let status = compile(options)
    guard status != CL_SUCCESS else { return }
    let log = buildLog
    guard [-11, -15, -17, -43].contains(status) || !log.isEmpty else {
      throw device.failure(status, "clBuildProgram", .allocation)
    }
    throw .compile(
      kernel: name,
      log: "clBuildProgram failed with \(OpenCLStatus.name(status)), options:\(options)\n" + log)
  }

  private func compile(_ options: String) -> cl_int {
    var id: cl_device_id? = device.id
    return options.withCString {
      device.library.functions.clBuildProgram(handle, 1, &id, $0, nil, nil)
    }
  }

  /// PoCL ends the process on local memory over its limit, so it is refused here, before any call.
  private static func checkLimits(
    of signature: KernelSignature, on capabilities: Capabilities
  ) throws(TesseraError) {
    let name = capabilities.name
    if signature.localBytes > capabilities.localMemoryBytes {
      throw .overLimit(
        "local memory of kernel \(signature.name)", requested: signature.localBytes,
        limit: capabilities.localMemoryBytes, device: name)
    }
    let group = signature.workgroup
    guard (1...3).contains(group.count), group.allSatisfy({ $0 > 0 }) else {
      throw .invalidArgument(
        "workgroup of kernel \(signature.name)", got: "\(group)", allowed: "1 to 3 sizes above 0")
    }
    for (size, limit) in zip(group, capabilities.maxWorkgroupSize) where size > limit {
      throw .overLimit(
        "workgroup size of kernel \(signature.name)", requested: "\(group)",
        limit: "\(capabilities.maxWorkgroupSize)", device: name)
    }
    // No overflow: each factor is within the device's own limit.
    let count = group.reduce(1, *)
    if count > capabilities.maxWorkgroupInvocations {
      throw .overLimit(
        "workgroup size of kernel \(signature.name)", requested: count,
        limit: capabilities.maxWorkgroupInvocations, device: name)
    }
  }

  /// Definitions first, then the caller's options, each after a blank.
  private static func optionString(
    defines: [KernelCode.Define], options: String
  ) throws(TesseraError) -> String {
    var result = " -cl-kernel-arg-info"
    for define in defines {
      // Drivers differ in how they split and unquote options; blanks and quotes work on none of
      // them.
      let text = define.name + "=" + define.value
      guard !text.contains(where: { $0.isWhitespace || $0 == "\"" || $0 == "'" || $0 == "\\" })
      else {
        throw .invalidArgument("definition", got: text, allowed: "no blanks, quotes or backslashes")
      }
      result += " -D " + text
    }
    return options.isEmpty ? result : result + " " + options
  }
}
