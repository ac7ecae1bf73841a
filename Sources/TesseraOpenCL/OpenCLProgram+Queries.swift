import COpenCL

extension OpenCLProgram {
  /// The compiler's words.
  var buildLog: String {
    let cl = device.library.functions
    return OpenCLLibrary.string { size, value, needed in
      cl.clGetProgramBuildInfo(
        handle, device.id, cl_program_build_info(CL_PROGRAM_BUILD_LOG), size, value, needed)
    } ?? ""
  }

  /// Names of the program's kernels, separated by semicolons.
  var kernelNames: String {
    let cl = device.library.functions
    return OpenCLLibrary.string { size, value, needed in
      cl.clGetProgramInfo(handle, cl_program_info(CL_PROGRAM_KERNEL_NAMES), size, value, needed)
    } ?? ""
  }

  /// The driver's binary; nil if it gives none.
  func readBinary() -> [UInt8]? {
    let cl = device.library.functions
    var size = 0
    let status = cl.clGetProgramInfo(
      handle, cl_program_info(CL_PROGRAM_BINARY_SIZES), MemoryLayout<Int>.size, &size, nil)
    guard status == CL_SUCCESS, size > 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: size)
    let read = bytes.withUnsafeMutableBufferPointer { buffer in
      var address = buffer.baseAddress
      return cl.clGetProgramInfo(
        handle, cl_program_info(CL_PROGRAM_BINARIES),
        MemoryLayout<UnsafeMutablePointer<UInt8>?>.size, &address, nil)
    }
    return read == CL_SUCCESS ? bytes : nil
  }
}
