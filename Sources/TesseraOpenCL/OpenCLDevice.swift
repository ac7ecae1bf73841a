import COpenCL
import Synchronization
package import TesseraCore
package import TesseraHAL

/// One opened OpenCL device: a context, an in-order queue for work and one for host access.
///
/// All work goes through one in-order queue, so barriers and waits between submissions cost
/// nothing.
package final class OpenCLDevice: HALDevice, @unchecked Sendable {
  // Unchecked: handles are thread-safe by OpenCL's rules; `submission` guards what is not, which is
  // the arguments of kernels and the order of a submission's commands.
  package let identity: DeviceIdentity
  package let capabilities: Capabilities
  package let bounds: BoundsMode

  package let library: OpenCLLibrary
  let id: cl_device_id
  let context: cl_context
  let queue: cl_command_queue
  /// Maps and unmaps, so that host access of idle buffers never waits for queued work.
  let transferQueue: cl_command_queue
  /// Required alignment of a sub-buffer's offset, in bytes.
  let subBufferAlignment: Int

  /// Held while commands are replayed into the queue.
  let submission = Mutex<Void>(())
  let storages = Mutex<[CommandStorage]>([])
  let allocated = Atomic<Int>(0)
  private let nextObject = Atomic<UInt64>(0)
  private let loss = Mutex<TesseraError?>(nil)

  init(
    library: OpenCLLibrary, found: OpenCLFoundDevice, index: Int, bounds: BoundsMode
  ) throws(TesseraError) {
    let cl = library.functions
    let capabilities = found.capabilities(library)
    let name = capabilities.name
    func failed(_ call: String, _ status: cl_int) -> TesseraError {
      OpenCLStatus.error(call, status, device: name, phase: .allocation)
    }

    var status: cl_int = CL_SUCCESS
    var device: cl_device_id? = found.id
    let platform = cl_context_properties(Int(bitPattern: found.platform))
    let properties: [cl_context_properties] = [
      cl_context_properties(CL_CONTEXT_PLATFORM), platform, 0,
    ]
    guard let context = cl.clCreateContext(properties, 1, &device, nil, nil, &status) else {
      throw failed("clCreateContext", status)
    }
    // Deprecated but required of every version; its successor hangs inside the loader when a 1.2
    // driver such as oclgrind stands behind it.
    let profiling = cl_command_queue_properties(CL_QUEUE_PROFILING_ENABLE)
    guard let queue = cl.clCreateCommandQueue(context, found.id, profiling, &status) else {
      _ = cl.clReleaseContext(context)
      throw failed("clCreateCommandQueue", status)
    }
    guard let transferQueue = cl.clCreateCommandQueue(context, found.id, 0, &status) else {
      _ = cl.clReleaseCommandQueue(queue)
      _ = cl.clReleaseContext(context)
      throw failed("clCreateCommandQueue", status)
    }
    let alignment = library.value(found.id, CL_DEVICE_MEM_BASE_ADDR_ALIGN, cl_uint(1024)) ?? 1024

    self.library = library
    self.id = found.id
    self.context = context
    self.queue = queue
    self.transferQueue = transferQueue
    self.capabilities = capabilities
    self.bounds = bounds
    identity = DeviceIdentity(backend: .openCL, index: index, name: name)
    subBufferAlignment = max(1, Int(alignment) / 8)
  }

  deinit {
    _ = library.functions.clReleaseCommandQueue(transferQueue)
    _ = library.functions.clReleaseCommandQueue(queue)
    _ = library.functions.clReleaseContext(context)
  }

  /// A number no other object of this device has had: handles are reused by drivers, these are not.
  func newObjectNumber() -> UInt64 {
    nextObject.wrappingAdd(1, ordering: .relaxed).newValue
  }

  /// Throws the error for a status other than success; a lost device stays lost.
  @inline(__always)
  func check(
    _ status: cl_int, _ call: StaticString, _ phase: OpenCLPhase
  ) throws(TesseraError) {
    if status != CL_SUCCESS { throw failure(status, call, phase) }
  }

  func failure(
    _ status: cl_int, _ call: StaticString, _ phase: OpenCLPhase, requested: Int? = nil
  ) -> TesseraError {
    let error = OpenCLStatus.error(
      "\(call)", status, device: identity.name, phase: phase, requested: requested)
    if error.code == .deviceLost {
      loss.withLock { if $0 == nil { $0 = error } }
    }
    return error
  }

  /// Throws what the device was lost to, if it was.
  func checkAlive() throws(TesseraError) {
    if let error = loss.withLock({ $0 }) { throw error }
  }

  package func allocate(
    byteCount: Int, kind: MemoryKind
  ) throws(TesseraError) -> any HALBuffer {
    try OpenCLBuffer(device: self, byteCount: byteCount, kind: kind)
  }

  package func makeKernel(
    _ code: KernelCode, signature: KernelSignature, binary: [UInt8]?
  ) throws(TesseraError) -> any HALKernel {
    guard case .openCL(let source, let defines, let options) = code else {
      throw .unsupported("kernel \(signature.name) is not OpenCL C", device: identity.name)
    }
    let program = try OpenCLProgram.build(
      on: self, signature: signature, source: source, defines: defines, options: options,
      binary: binary)
    return try OpenCLKernel(program: program, signature: signature)
  }

  package func makeTimeline() throws(TesseraError) -> any HALTimeline {
    OpenCLTimeline(device: self)
  }

  package func makeEncoder() throws(TesseraError) -> any HALEncoder {
    OpenCLEncoder(device: self, storage: takeStorage())
  }

  package func memory() -> (allocated: Int, available: Int?) {
    // OpenCL has no query for free memory.
    (allocated.load(ordering: .relaxed), nil)
  }

  package func trim() {
    storages.withLock { $0.removeAll() }
  }
}
