import CVulkan
package import TesseraCore
import TesseraHAL

extension VulkanEncoder {
  package func beginTiming(_ slot: Int) throws(TesseraError) {
    let resources = try recording()
    guard context.adapter.timestampBits > 0 else { return }
    while resources.timings.count <= slot { resources.timings.append(.init()) }
    resources.timings[slot] = .init(commandsBefore: commands)
    // Spans must not overlap: what came before finishes first.
    context.vk.vkCmdPipelineBarrier2(buffer, context.barriers.device)
    try writeTimestamp(2 * slot, resources)
  }

  package func endTiming(_ slot: Int) throws(TesseraError) {
    let resources = try recording()
    guard slot < resources.timings.count else { return }
    resources.timings[slot].commandsAtEnd = commands
    try writeTimestamp(2 * slot + 1, resources)
  }

  private func writeTimestamp(
    _ query: Int, _ resources: CommandResources
  ) throws(TesseraError) {
    let (index, place) = query.quotientAndRemainder(dividingBy: CommandResources.queriesPerPool)
    let queries = try queryPool(index, resources)
    context.vk.vkCmdWriteTimestamp2(
      buffer, VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT, queries, UInt32(place))
  }

  /// The query pool of that index, reset by this command buffer before its first use in it.
  private func queryPool(
    _ index: Int, _ resources: CommandResources
  ) throws(TesseraError) -> VkQueryPool {
    while queryPoolsReset <= index {
      if resources.queryPools.count == queryPoolsReset {
        var info = VkQueryPoolCreateInfo.make()
        info.queryType = VK_QUERY_TYPE_TIMESTAMP
        info.queryCount = UInt32(CommandResources.queriesPerPool)
        var created: VkQueryPool?
        let result = context.vk.vkCreateQueryPool(context.handle, &info, nil, &created)
        guard result == VK_SUCCESS, let created else {
          throw context.error("vkCreateQueryPool", result)
        }
        resources.queryPools.append(created)
      }
      context.vk.vkCmdResetQueryPool(
        buffer, resources.queryPools[queryPoolsReset], 0, UInt32(CommandResources.queriesPerPool))
      queryPoolsReset += 1
    }
    return resources.queryPools[index]
  }
}
