import CVulkan
package import TesseraCore
package import TesseraHAL

extension VulkanEncoder {
  package func copy(
    from source: any HALBuffer, offset sourceOffset: Int, to destination: any HALBuffer,
    offset destinationOffset: Int, byteCount: Int
  ) throws(TesseraError) {
    var region = VkBufferCopy(
      srcOffset: VkDeviceSize(sourceOffset), dstOffset: VkDeviceSize(destinationOffset),
      size: VkDeviceSize(byteCount))
    let from = try handle(source)
    let to = try handle(destination)
    context.vk.vkCmdCopyBuffer(buffer, from, to, 1, &region)
  }

  package func fill(
    _ target: any HALBuffer, offset: Int, byteCount: Int, pattern: UInt32
  ) throws(TesseraError) {
    context.vk.vkCmdFillBuffer(
      buffer, try handle(target), VkDeviceSize(offset), VkDeviceSize(byteCount), pattern)
  }

  package func update(
    _ target: any HALBuffer, offset: Int, bytes: UnsafeRawBufferPointer
  ) throws(TesseraError) {
    context.vk.vkCmdUpdateBuffer(
      buffer, try handle(target), VkDeviceSize(offset), VkDeviceSize(bytes.count),
      bytes.baseAddress)
  }

  package func pushLabel(_ label: String) {
    guard lease != nil, context.adapter.labels,
      let begin = context.vk.vkCmdBeginDebugUtilsLabelEXT
    else { return }
    label.withCString { name in
      var info = VkDebugUtilsLabelEXT.make()
      info.pLabelName = name
      begin(buffer, &info)
    }
  }

  package func popLabel() {
    guard lease != nil, context.adapter.labels, let end = context.vk.vkCmdEndDebugUtilsLabelEXT
    else { return }
    end(buffer)
  }
}
