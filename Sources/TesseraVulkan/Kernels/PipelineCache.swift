import CVulkan
import TesseraCore

/// A `VkPipelineCache` for one kernel, begun with a stored binary where that fits the device.
struct PipelineCache: ~Copyable {
  /// The header that every cache begins with, by the specification: length, version, vendor, device
  /// and the driver's UUID.
  private static let headerBytes = 16 + Int(VK_UUID_SIZE)

  let handle: VkPipelineCache
  /// Whether a stored binary of this device and driver was accepted.
  let isSeeded: Bool
  private let context: VulkanContext

  init(_ context: VulkanContext, binary: [UInt8]?) throws(TesseraError) {
    let seed = binary.flatMap { Self.fits($0, context.adapter.properties) ? $0 : nil }
    var created: VkPipelineCache?
    let result = (seed ?? []).withUnsafeBytes { bytes in
      var info = VkPipelineCacheCreateInfo.make()
      info.initialDataSize = bytes.count
      info.pInitialData = bytes.baseAddress
      return context.vk.vkCreatePipelineCache(context.handle, &info, nil, &created)
    }
    guard result == VK_SUCCESS, let created else {
      throw context.error("vkCreatePipelineCache", result)
    }
    handle = created
    isSeeded = seed != nil
    self.context = context
  }

  deinit { context.vk.vkDestroyPipelineCache(context.handle, handle, nil) }

  /// The cache's contents; nil where there is nothing beyond the header (lavapipe keeps none).
  func data() -> [UInt8]? {
    var count = 0
    let sized = context.vk.vkGetPipelineCacheData(context.handle, handle, &count, nil)
    guard sized == VK_SUCCESS, count > Self.headerBytes else { return nil }
    var result = VK_SUCCESS
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
      written = 0
      result = context.vk.vkGetPipelineCacheData(
        context.handle, handle, &count, buffer.baseAddress)
      if result == VK_SUCCESS { written = min(count, buffer.count) }
    }
    return bytes.count > Self.headerBytes ? bytes : nil
  }

  /// Whether a binary was written by this driver for this device. Drivers must ignore others, but
  /// not all do.
  static func fits(_ binary: [UInt8], _ properties: VkPhysicalDeviceProperties) -> Bool {
    guard binary.count > headerBytes else { return false }
    func word(_ offset: Int) -> UInt32 {
      binary.withUnsafeBytes {
        UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
      }
    }
    guard word(0) == UInt32(headerBytes),
      word(4) == VK_PIPELINE_CACHE_HEADER_VERSION_ONE.rawValue,
      word(8) == properties.vendorID, word(12) == properties.deviceID
    else { return false }
    return withUnsafeBytes(of: properties.pipelineCacheUUID) { uuid in
      binary[16..<headerBytes].elementsEqual(uuid)
    }
  }
}
