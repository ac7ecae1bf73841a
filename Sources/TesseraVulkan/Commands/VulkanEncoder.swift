import CVulkan
package import TesseraCore
package import TesseraHAL

/// Records into a primary command buffer with push descriptors.
///
/// Steady-state dispatches allocate nothing: descriptors are written into C memory that is reused.
package final class VulkanEncoder: HALEncoder {
  let context: VulkanContext
  private(set) var lease: CommandLease?
  let buffer: VkCommandBuffer

  // What the command buffer has bound.
  private var pipeline: VkPipeline?
  private var layout: VkPipelineLayout?
  private var pushedSlots = 0
  /// Commands recorded so far.
  var commands = 0
  /// How many of the query pools this recording has reset.
  var queryPoolsReset = 0

  init(_ context: VulkanContext) throws(TesseraError) {
    try context.checkAlive()
    let lease = try CommandLease(context)
    self.context = context
    self.lease = lease
    buffer = lease.resources.buffer
    var info = VkCommandBufferBeginInfo.make()
    try context.check("vkBeginCommandBuffer", context.vk.vkBeginCommandBuffer(buffer, &info))
    // Orders this submission after the one before it.
    context.vk.vkCmdPipelineBarrier2(buffer, context.barriers.device)
  }

  package func dispatch(
    _ kernel: any HALKernel, groups: GridSize, constants: UnsafeRawBufferPointer,
    bindings: UnsafeBufferPointer<Binding>
  ) throws(TesseraError) {
    let resources = try recording()
    guard let kernel = kernel as? VulkanKernel else { throw Self.foreign("kernel") }
    guard bindings.count == kernel.layout.key.slots,
      constants.count == kernel.signature.constantBytes
    else {
      throw .invalidArgument(
        "\(kernel.signature.name)",
        got: "\(bindings.count) bindings and \(constants.count) bytes of constants",
        allowed: "\(kernel.layout.key.slots) and \(kernel.signature.constantBytes)")
    }
    try push(bindings, for: kernel, resources)
    if pipeline != kernel.pipeline {
      context.vk.vkCmdBindPipeline(buffer, VK_PIPELINE_BIND_POINT_COMPUTE, kernel.pipeline)
      pipeline = kernel.pipeline
      resources.retained.append(kernel)
    }
    pushConstants(constants, layout: kernel.layout)
    context.vk.vkCmdDispatch(
      buffer, UInt32(truncatingIfNeeded: groups.x), UInt32(truncatingIfNeeded: groups.y),
      UInt32(truncatingIfNeeded: groups.z))
    commands += 1
  }

  /// Pushes the descriptors that differ from what is bound.
  private func push(
    _ bindings: UnsafeBufferPointer<Binding>, for kernel: VulkanKernel,
    _ resources: CommandResources
  ) throws(TesseraError) {
    let kernelLayout = kernel.layout
    var changed = false
    if layout != kernelLayout.pipelineLayout {
      // Another layout disturbs what was pushed.
      layout = kernelLayout.pipelineLayout
      pushedSlots = 0
      changed = true
    }
    let descriptors = resources.descriptors
    for slot in 0..<bindings.count {
      guard let bound = bindings[slot].buffer as? VulkanBuffer else {
        // Some descriptors are written but not pushed: none may count as bound.
        pushedSlots = 0
        throw Self.foreign("buffer")
      }
      let offset = VkDeviceSize(truncatingIfNeeded: bindings[slot].offset)
      let range = VkDeviceSize(
        truncatingIfNeeded: boundBytes(bindings[slot], of: bound, for: kernel))
      let old = descriptors[slot]
      if slot < pushedSlots, old.buffer == bound.handle {
        if old.offset == offset && old.range == range { continue }
      } else {
        resources.retained.append(bound)
      }
      descriptors[slot] = VkDescriptorBufferInfo(
        buffer: bound.handle, offset: offset, range: range)
      changed = true
    }
    if changed && bindings.count > 0 {
      context.vk.vkCmdPushDescriptorSetKHR(
        buffer, VK_PIPELINE_BIND_POINT_COMPUTE, kernelLayout.pipelineLayout, 0,
        UInt32(bindings.count), resources.writes)
    }
    pushedSlots = bindings.count
  }

  /// Bytes of a descriptor's range.
  private func boundBytes(
    _ binding: Binding, of buffer: VulkanBuffer, for kernel: VulkanKernel
  ) -> Int {
    let (byteCount, rest) = (binding.byteCount, buffer.byteCount - binding.offset)
    switch context.bounds {
    case .off: return byteCount
    // Elements of two bytes are read by whole words, also the last one of an odd number.
    case .enforce: return min((byteCount + 3) & ~3, rest)
    // Up to the guard's end: drivers that bound accesses by themselves would hide an overrun.
    case .validate:
      let limit = context.adapter.capabilities.maxBindingRange
      return kernel.readsLengths ? byteCount : max(byteCount, min(rest, limit))
    }
  }

  private func pushConstants(_ constants: UnsafeRawBufferPointer, layout: PipelineLayout) {
    let byteCount = layout.key.constantBytes
    guard byteCount > 0 else { return }
    let stage = flags(VK_SHADER_STAGE_COMPUTE_BIT)
    if constants.count == byteCount {
      context.vk.vkCmdPushConstants(
        buffer, layout.pipelineLayout, stage, 0, UInt32(byteCount), constants.baseAddress)
      return
    }
    // Whole words only: a block that ends in a half or byte is padded.
    withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: 4) { padded in
      _ = padded.initializeMemory(as: UInt8.self, repeating: 0)
      padded.copyMemory(from: constants)
      context.vk.vkCmdPushConstants(
        buffer, layout.pipelineLayout, stage, 0, UInt32(byteCount), padded.baseAddress)
    }
  }

  package func barrier() throws(TesseraError) {
    _ = try recording()
    context.vk.vkCmdPipelineBarrier2(buffer, context.barriers.device)
  }

  package func finish() throws(TesseraError) -> any HALCommands {
    _ = try recording()
    // Makes what was written visible to the host once the submission has completed.
    context.vk.vkCmdPipelineBarrier2(buffer, context.barriers.host)
    guard let lease else { throw Self.finished }
    self.lease = nil
    try context.check("vkEndCommandBuffer", context.vk.vkEndCommandBuffer(buffer))
    return VulkanCommands(lease)
  }
}

extension VulkanEncoder {
  static let finished = TesseraError.invalidArgument(
    "encoder", got: "a finished one", allowed: "one that still records")

  static func foreign(_ what: String) -> TesseraError {
    .invalidArgument(what, got: "another back-end's", allowed: "one of the Vulkan device")
  }

  func recording() throws(TesseraError) -> CommandResources {
    guard let lease else { throw Self.finished }
    return lease.resources
  }

  func handle(_ target: any HALBuffer) throws(TesseraError) -> VkBuffer {
    guard let target = target as? VulkanBuffer else { throw Self.foreign("buffer") }
    try recording().retained.append(target)
    commands += 1
    return target.handle
  }
}
