package import TesseraCore
package import TesseraHAL

/// The processor as a device: host kernels on a thread pool, in host memory.
package final class CPUDevice: HALDevice {
  package let identity: DeviceIdentity
  package let capabilities: Capabilities
  /// Host functions are the library's own and cut what indices from data name; under `enforce` the runtime
  /// sets buffers apart besides.
  package let bounds: BoundsMode
  private let memoryUse: HostMemory
  private let recordings = RecordingPool()
  private let dispatcher: Dispatcher

  init(
    identity: DeviceIdentity, capabilities: Capabilities, bounds: BoundsMode
  ) throws(TesseraError) {
    self.identity = identity
    self.capabilities = capabilities
    self.bounds = bounds
    memoryUse = HostMemory(limit: capabilities.memoryBytes, device: capabilities.name)
    dispatcher = Dispatcher(
      pool: WorkerPool(threadCount: capabilities.computeUnits, memory: memoryUse),
      device: capabilities.name)
    try dispatcher.start()
  }

  deinit { dispatcher.stop() }

  package func allocate(
    byteCount: Int, kind: MemoryKind
  ) throws(TesseraError) -> any HALBuffer {
    try CPUBuffer(byteCount: byteCount, kind: kind, memory: memoryUse)
  }

  package func makeKernel(
    _ code: KernelCode, signature: KernelSignature, binary: [UInt8]?
  ) throws(TesseraError) -> any HALKernel {
    guard case .host(let function) = code else {
      throw .unsupported(
        "kernel \(signature.name): only host functions run here", device: capabilities.name)
    }
    return CPUKernel(function: function, signature: signature)
  }

  package func makeTimeline() throws(TesseraError) -> any HALTimeline { CPUTimeline() }

  package func makeEncoder() throws(TesseraError) -> any HALEncoder {
    CPUEncoder(pool: recordings)
  }

  package func submit(
    _ commands: any HALCommands, wait: [(timeline: any HALTimeline, value: UInt64)],
    signal: (timeline: any HALTimeline, value: UInt64)
  ) throws(TesseraError) {
    guard let commands = commands as? CPUCommands, let timeline = signal.timeline as? CPUTimeline
    else {
      throw .invalidArgument(
        "submission", got: "commands or a timeline of another back-end",
        allowed: "those of the CPU device")
    }
    dispatcher.submit(
      .init(commands: commands, wait: wait, timeline: timeline, value: signal.value))
  }

  package func memory() -> (allocated: Int, available: Int?) {
    (memoryUse.allocated, HostMachine.availableMemoryBytes)
  }

  package func trim() { recordings.trim() }
}
