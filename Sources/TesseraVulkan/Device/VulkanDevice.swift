import CVulkan
package import TesseraCore
package import TesseraHAL

/// One opened Vulkan device with one compute queue.
///
/// Every submission begins with a full barrier and ends with one towards the host, so submissions
/// are ordered by the queue alone.
package final class VulkanDevice: HALDevice {
  let context: VulkanContext

  package var identity: DeviceIdentity { context.adapter.identity }
  package var capabilities: Capabilities { context.adapter.capabilities }
  package var bounds: BoundsMode { context.bounds }

  init(_ context: VulkanContext) { self.context = context }

  deinit { context.drain() }

  package func allocate(
    byteCount: Int, kind: MemoryKind
  ) throws(TesseraError) -> any HALBuffer {
    try VulkanBuffer(context, byteCount: byteCount, kind: kind)
  }

  package func makeKernel(
    _ code: KernelCode, signature: KernelSignature, binary: [UInt8]?
  ) throws(TesseraError) -> any HALKernel {
    guard case .spirv(let words, let specialization) = code else {
      throw .unsupported("\(signature.name): only SPIR-V runs on Vulkan", device: context.name)
    }
    return try VulkanKernel(
      context, words: words, specialization: specialization, signature: signature, binary: binary)
  }

  package func makeTimeline() throws(TesseraError) -> any HALTimeline {
    try VulkanTimeline(context)
  }

  package func makeEncoder() throws(TesseraError) -> any HALEncoder {
    try VulkanEncoder(context)
  }

  package func submit(
    _ commands: any HALCommands, wait: [(timeline: any HALTimeline, value: UInt64)],
    signal: (timeline: any HALTimeline, value: UInt64)
  ) throws(TesseraError) {
    guard let commands = commands as? VulkanCommands else {
      throw .invalidArgument("commands", got: "another back-end's", allowed: "Vulkan commands")
    }
    try context.submit(commands.lease, wait: wait, signal: signal)
  }

  package func memory() -> (allocated: Int, available: Int?) {
    context.reap()
    let allocated = context.lock.withLock { context.allocatedBytes }
    return (allocated, context.adapter.availableMemory())
  }

  package func trim() {
    context.reap()
    context.discardIdle()
  }
}
