import CVulkan
import TesseraCore
package import TesseraHAL

/// A compute pipeline. `@unchecked Sendable`: immutable.
package final class VulkanKernel: HALKernel, @unchecked Sendable {
  package let signature: KernelSignature
  /// The pipeline cache's contents; nil where the driver keeps none, as lavapipe, which then always
  /// reports `fromBinary == false`.
  package let binary: [UInt8]?
  /// Whether the driver found the pipeline in the binary it was offered.
  package let fromBinary: Bool
  let pipeline: VkPipeline
  let layout: PipelineLayout
  /// Whether it asks how long its bound ranges are, which then must be bound as they are.
  let readsLengths: Bool
  private let context: VulkanContext
  private let subgroupSize: Int

  /// - Throws: `compile` if the module is malformed, disagrees with the signature or is refused by
  ///   the driver; `overLimit` for more slots or constants than the device takes; `unsupported` for
  ///   a subgroup size that it cannot be made to use.
  init(
    _ context: VulkanContext, words: [UInt32], specialization: [KernelCode.Specialization],
    signature: KernelSignature, binary offered: [UInt8]?
  ) throws(TesseraError) {
    try context.checkAlive()
    let (entry, readsLengths) = try Self.check(context, words, specialization, signature)
    let layout = try context.layout(
      .init(slots: signature.slots.count, constantBytes: (signature.constantBytes + 3) & ~3))
    let subgroup = try Self.subgroup(context, signature)
    let cache = try PipelineCache(context, binary: offered)
    let built = try context.makePipeline(
      words: words, specialization: specialization, entry: entry, kernel: signature.name,
      layout: layout, subgroupSize: subgroup, cache: cache)
    pipeline = built.pipeline
    fromBinary = built.cacheHit ?? cache.isSeeded
    binary = fromBinary ? offered : cache.data()
    self.layout = layout
    self.readsLengths = readsLengths
    self.context = context
    self.signature = signature
    subgroupSize = subgroup ?? context.adapter.capabilities.maxSubgroupSize
  }

  deinit { context.vk.vkDestroyPipeline(context.handle, pipeline, nil) }

  package var resources: KernelResources {
    var result = KernelResources()
    result.maxWorkgroupInvocations = context.adapter.capabilities.maxWorkgroupInvocations
    result.preferredMultiple = subgroupSize
    return result
  }

  /// Checks module and signature against each other and the device. Returns the entry point's name, and
  /// whether the module asks for lengths of ranges.
  private static func check(
    _ context: VulkanContext, _ words: [UInt32], _ specialization: [KernelCode.Specialization],
    _ signature: KernelSignature
  ) throws(TesseraError) -> (entry: String, readsLengths: Bool) {
    let module: SPIRVModule
    do {
      module = try SPIRVModule(words)
    } catch {
      throw .compile(kernel: signature.name, log: error.reason)
    }
    let entry = try module.check(signature, specialization)
    if context.bounds == .enforce && module.usesAddresses {
      throw .unsupported(
        "\(signature.name): bounds of memory that is reached by addresses, not through descriptors",
        device: context.name)
    }
    let limits = context.adapter.properties.limits
    let slots = min(
      context.adapter.maxPushDescriptors, Int(limits.maxPerStageDescriptorStorageBuffers))
    guard signature.slots.count <= slots else {
      throw .overLimit(
        "\(signature.name) buffer slots", requested: signature.slots.count, limit: slots,
        device: context.name)
    }
    guard signature.constantBytes <= Int(limits.maxPushConstantsSize) else {
      throw .overLimit(
        "\(signature.name) constant bytes", requested: signature.constantBytes,
        limit: limits.maxPushConstantsSize, device: context.name)
    }
    return (entry, module.readsLengths)
  }

  /// The subgroup size to require of the driver; nil where any will do or there is but one.
  private static func subgroup(
    _ context: VulkanContext, _ signature: KernelSignature
  ) throws(TesseraError) -> Int? {
    guard let wanted = signature.subgroupSize else { return nil }
    let capabilities = context.adapter.capabilities
    let (least, most) = (capabilities.minSubgroupSize, capabilities.maxSubgroupSize)
    if least == most && wanted == least { return nil }
    guard context.adapter.features.subgroupSizeControl, wanted >= least, wanted <= most,
      wanted & (wanted - 1) == 0
    else {
      throw .unsupported(
        "subgroups of \(wanted) for \(signature.name), available \(least)...\(most)",
        device: context.name)
    }
    return wanted
  }
}
