import COpenCL
import TesseraCore
package import TesseraHAL

/// One `cl_kernel` and what its arguments were last set to.
///
/// `clSetKernelArg` changes the kernel object, so arguments are set only while a submission is
/// replayed, under the device's lock. Arguments that keep their value are not set again.
package final class OpenCLKernel: HALKernel, @unchecked Sendable {
  // Unchecked: everything is constant but the last arguments, which the device's lock guards.
  package let signature: KernelSignature
  /// Read when asked for: PoCL compiles a kernel once more to give it out.
  package var binary: [UInt8]? {
    program.readBinary().map { OpenCLBinary.wrapped($0, for: capabilities) }
  }
  private let capabilities: Capabilities
  package let fromBinary: Bool
  package let resources: KernelResources

  let program: OpenCLProgram
  let handle: cl_kernel
  let local: (x: Int, y: Int, z: Int)
  /// Numbers of the buffers set last, by slot; 0 for none.
  let lastNumbers: UnsafeMutablePointer<UInt64>
  /// Offsets set last, by slot; `UInt64.max` for none.
  let lastOffsets: UnsafeMutablePointer<UInt64>
  /// Bytes bound last, by slot, of a bounded kernel.
  let lastByteCounts: UnsafeMutablePointer<UInt64>
  let lastConstants: UnsafeMutableRawPointer
  var hasConstants = false

  var device: OpenCLDevice { program.device }
  /// Whether it was built to stay inside its bound ranges, whose lengths it is then told.
  let isBounded: Bool

  init(program: OpenCLProgram, signature: KernelSignature) throws(TesseraError) {
    let device = program.device
    let cl = device.library.functions
    var status: cl_int = CL_SUCCESS
    let handle = signature.name.withCString { cl.clCreateKernel(program.handle, $0, &status) }
    guard let handle else {
      guard status == CL_INVALID_KERNEL_NAME else {
        throw device.failure(status, "clCreateKernel", .allocation)
      }
      throw .compile(
        kernel: signature.name,
        log: "the program has no kernel of that name; it has: \(program.kernelNames)")
    }
    let check = OpenCLKernelCheck(program: program, kernel: handle, signature: signature)
    do throws(TesseraError) {
      resources = try check.run()
    } catch {
      _ = cl.clReleaseKernel(handle)
      throw error
    }
    self.program = program
    isBounded = device.bounds == .enforce
    self.handle = handle
    self.signature = signature
    fromBinary = program.fromBinary
    capabilities = device.capabilities
    let group = signature.workgroup + [1, 1]
    local = (group[0], group[1], group[2])
    let slots = signature.slots.count
    lastNumbers = .allocate(capacity: max(1, slots))
    lastNumbers.initialize(repeating: 0, count: max(1, slots))
    lastOffsets = .allocate(capacity: max(1, slots))
    lastOffsets.initialize(repeating: .max, count: max(1, slots))
    lastByteCounts = .allocate(capacity: max(1, slots))
    lastByteCounts.initialize(repeating: 0, count: max(1, slots))
    lastConstants = .allocate(byteCount: max(16, signature.constantBytes), alignment: 16)
  }

  deinit {
    _ = program.device.library.functions.clReleaseKernel(handle)
    lastNumbers.deallocate()
    lastOffsets.deallocate()
    lastByteCounts.deallocate()
    lastConstants.deallocate()
  }
}
