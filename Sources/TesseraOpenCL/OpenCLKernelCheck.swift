import COpenCL
import TesseraCore
import TesseraHAL

/// Compares a compiled kernel with the signature it was declared with.
struct OpenCLKernelCheck {
  let program: OpenCLProgram
  let kernel: cl_kernel
  let signature: KernelSignature

  private var cl: OpenCLFunctions { program.device.library.functions }

  /// - Throws: `compile` where kernel and signature disagree, `overLimit` where the compiled kernel
  ///   needs more than the device has.
  func run() throws(TesseraError) -> KernelResources {
    try checkArguments()
    try checkWorkgroup()
    return try readResources()
  }

  /// Arguments the signature asks for, in words.
  private var expectedArguments: (count: Int, words: String) {
    let slots = signature.slots.count
    switch signature.style {
    case .tessera:
      let block = signature.constantBytes > 0 ? 1 : 0
      return (2 * slots + block, "\(slots) buffers, \(slots) offsets, \(block) block of constants")
    case .plain:
      let fields = signature.constantFields.count
      // Lengths of the buffers come last, put there by `BoundedSource`.
      let lengths = program.device.bounds == .enforce ? slots : 0
      return (slots + fields + lengths, "\(slots) buffers, \(fields) constants")
    }
  }

  private func checkArguments() throws(TesseraError) {
    var found: cl_uint = 0
    let status = cl.clGetKernelInfo(
      kernel, cl_kernel_info(CL_KERNEL_NUM_ARGS), MemoryLayout<cl_uint>.size, &found, nil)
    try program.device.check(status, "clGetKernelInfo", .query)
    let expected = expectedArguments
    guard Int(found) == expected.count else {
      throw .compile(
        kernel: signature.name,
        log: "the kernel takes \(found) arguments, its signature \(expected.count):"
          + " \(expected.words)")
    }
    for index in 0..<expected.count {
      guard let isBuffer = isBuffer(argument: index) else { return }
      if isBuffer != (index < signature.slots.count) {
        let wanted = index < signature.slots.count ? "a buffer" : "a value"
        throw .compile(
          kernel: signature.name,
          log:
            "argument \(index) (\(name(ofArgument: index))) is \(isBuffer ? "a buffer" : "a value")"
            + ", by the signature it is \(wanted)")
      }
    }
  }

  /// Whether an argument points to global or constant memory; nil where the driver does not say, as
  /// for programs from binaries.
  private func isBuffer(argument index: Int) -> Bool? {
    var qualifier = cl_kernel_arg_address_qualifier(0)
    let status = cl.clGetKernelArgInfo(
      kernel, cl_uint(index), cl_kernel_arg_info(CL_KERNEL_ARG_ADDRESS_QUALIFIER),
      MemoryLayout<cl_kernel_arg_address_qualifier>.size, &qualifier, nil)
    guard status == CL_SUCCESS else { return nil }
    return Int32(bitPattern: qualifier) == CL_KERNEL_ARG_ADDRESS_GLOBAL
      || Int32(bitPattern: qualifier) == CL_KERNEL_ARG_ADDRESS_CONSTANT
  }

  private func name(ofArgument index: Int) -> String {
    let cl = cl
    return OpenCLLibrary.string { size, value, needed in
      cl.clGetKernelArgInfo(
        kernel, cl_uint(index), cl_kernel_arg_info(CL_KERNEL_ARG_NAME), size, value, needed)
    } ?? "unnamed"
  }

  private func checkWorkgroup() throws(TesseraError) {
    guard
      let required = info(CL_KERNEL_COMPILE_WORK_GROUP_SIZE, SIMD3<Int>(repeating: 0)),
      required != SIMD3<Int>(repeating: 0)
    else { return }
    let group = signature.workgroup + [1, 1]
    guard required == SIMD3(group[0], group[1], group[2]) else {
      throw .compile(
        kernel: signature.name,
        log: "reqd_work_group_size is \([required.x, required.y, required.z]), the signature's"
          + " workgroup \(signature.workgroup)")
    }
  }

  private func readResources() throws(TesseraError) -> KernelResources {
    let device = program.device
    var result = KernelResources()
    result.maxWorkgroupInvocations = info(CL_KERNEL_WORK_GROUP_SIZE, 0)
    result.preferredMultiple = info(CL_KERNEL_PREFERRED_WORK_GROUP_SIZE_MULTIPLE, 0)
    result.localBytes = info(CL_KERNEL_LOCAL_MEM_SIZE, cl_ulong(0)).map { Int(clamping: $0) }
    result.privateBytes = info(CL_KERNEL_PRIVATE_MEM_SIZE, cl_ulong(0)).map { Int(clamping: $0) }
    let count = signature.workgroup.reduce(1, *)
    if let limit = result.maxWorkgroupInvocations, limit > 0, count > limit,
      !program.handsRegisters
    {
      throw .overLimit(
        "workgroup size of kernel \(signature.name) as compiled", requested: count, limit: limit,
        device: device.identity.name)
    }
    if let bytes = result.localBytes, bytes > device.capabilities.localMemoryBytes {
      throw .overLimit(
        "local memory of kernel \(signature.name)", requested: bytes,
        limit: device.capabilities.localMemoryBytes, device: device.identity.name)
    }
    return result
  }

  private func info<T: BitwiseCopyable>(_ what: Int32, _ zero: T) -> T? {
    var value = zero
    let status = cl.clGetKernelWorkGroupInfo(
      kernel, program.device.id, cl_kernel_work_group_info(what), MemoryLayout<T>.size, &value, nil)
    return status == CL_SUCCESS ? value : nil
  }
}
