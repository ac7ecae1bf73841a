import CVulkan
import TesseraCore
import TesseraHAL

extension VulkanContext {
  /// Memory bound to a buffer.
  struct Region {
    var memory: VkDeviceMemory
    var byteCount: Int
    var coherent: Bool
    var mapped: UnsafeMutableRawPointer?
  }

  /// A buffer object without memory.
  func makeBuffer(byteCount: Int) throws(TesseraError) -> VkBuffer {
    var info = VkBufferCreateInfo.make()
    // Whole words, so that fills may reach the end.
    info.size = VkDeviceSize((byteCount + 3) & ~3)
    info.usage = flags(
      VK_BUFFER_USAGE_STORAGE_BUFFER_BIT, VK_BUFFER_USAGE_TRANSFER_SRC_BIT,
      VK_BUFFER_USAGE_TRANSFER_DST_BIT)
    if adapter.features.deviceAddress {
      info.usage |= flags(VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT)
    }
    info.sharingMode = VK_SHARING_MODE_EXCLUSIVE
    var buffer: VkBuffer?
    let result = vk.vkCreateBuffer(handle, &info, nil, &buffer)
    guard result == VK_SUCCESS, let buffer else {
      throw allocationError("vkCreateBuffer", result, requested: byteCount)
    }
    return buffer
  }

  /// Allocates, binds and, where the host may address it, maps memory for `buffer`.
  func reserve(
    _ buffer: VkBuffer, kind: MemoryKind, requested: Int
  ) throws(TesseraError) -> Region {
    var requirementsInfo = VkBufferMemoryRequirementsInfo2.make()
    requirementsInfo.buffer = buffer
    var requirements = VkMemoryRequirements2.make()
    vk.vkGetBufferMemoryRequirements2(handle, &requirementsInfo, &requirements)
    let needed = requirements.memoryRequirements
    guard let type = memoryType(needed.memoryTypeBits, kind) else {
      throw .unsupported("memory for \(kind.rawValue) buffers", device: name)
    }
    try count(bytes: Int(clamping: needed.size))
    var memory: VkDeviceMemory?
    var result = allocate(needed.size, type: type, &memory)
    guard result == VK_SUCCESS, let memory else {
      uncount(bytes: Int(clamping: needed.size))
      throw allocationError("vkAllocateMemory", result, requested: requested)
    }
    var region = Region(
      memory: memory, byteCount: Int(clamping: needed.size), coherent: true, mapped: nil)
    let properties = adapter.memory.type(type).propertyFlags
    region.coherent = properties & flags(VK_MEMORY_PROPERTY_HOST_COHERENT_BIT) != 0
    result = vk.vkBindBufferMemory(handle, buffer, memory, 0)
    let hostVisible = properties & flags(VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT) != 0
    if result == VK_SUCCESS, hostVisible, kind == .staging || adapter.capabilities.unifiedMemory {
      result = vk.vkMapMemory(handle, memory, 0, VK_WHOLE_SIZE, 0, &region.mapped)
    }
    guard result == VK_SUCCESS else {
      release(memory, byteCount: region.byteCount)
      throw allocationError("binding or mapping memory", result, requested: requested)
    }
    return region
  }

  func release(_ memory: VkDeviceMemory, byteCount: Int) {
    vk.vkFreeMemory(handle, memory, nil)
    uncount(bytes: byteCount)
  }

  private func allocate(
    _ byteCount: VkDeviceSize, type: Int, _ memory: inout VkDeviceMemory?
  ) -> VkResult {
    var arena = Arena()
    var info = VkMemoryAllocateInfo.make()
    info.allocationSize = byteCount
    info.memoryTypeIndex = UInt32(type)
    if adapter.features.deviceAddress {
      let address = arena.new(
        VkMemoryAllocateFlagsInfo.make { $0.flags = flags(VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT) })
      info.pNext = UnsafeRawPointer(address)
    }
    return vk.vkAllocateMemory(handle, &info, nil, &memory)
  }

  private func count(bytes: Int) throws(TesseraError) {
    let limit = Int(adapter.properties.limits.maxMemoryAllocationCount)
    try lock.withLock { () throws(TesseraError) in
      guard allocationCount < limit else {
        throw .overLimit(
          "memory allocations", requested: allocationCount + 1, limit: limit, device: name)
      }
      allocationCount += 1
      allocatedBytes += bytes
    }
  }

  private func uncount(bytes: Int) {
    lock.withLock {
      allocationCount -= 1
      allocatedBytes -= bytes
    }
  }

  private func allocationError(
    _ call: StaticString, _ result: VkResult, requested: Int
  ) -> TesseraError {
    guard VulkanResult.isOutOfMemory(result) else { return error(call, result) }
    return .outOfMemory(requested: requested, available: adapter.availableMemory(), device: name)
  }

  /// The best memory type among `allowed`.
  ///
  /// Device memory: device-local, host-visible exactly on unified devices (elsewhere the visible
  /// part is a scarce window). Staging: host-visible, cached before coherent, since reading uncached
  /// memory is slower by an order of magnitude.
  private func memoryType(_ allowed: UInt32, _ kind: MemoryKind) -> Int? {
    let unified = adapter.capabilities.unifiedMemory
    var best: (index: Int, score: Int)?
    for index in 0..<Int(adapter.memory.memoryTypeCount) where allowed & 1 << UInt32(index) != 0 {
      let properties = adapter.memory.type(index).propertyFlags
      func has(_ bit: VkMemoryPropertyFlagBits) -> Bool { properties & bit.rawValue != 0 }
      // Protected and lazily allocated memory is for other uses.
      if has(VK_MEMORY_PROPERTY_PROTECTED_BIT) || has(VK_MEMORY_PROPERTY_LAZILY_ALLOCATED_BIT) {
        continue
      }
      let visible = has(VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT)
      let local = has(VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT)
      var score = 0
      if has(VK_MEMORY_PROPERTY_HOST_CACHED_BIT) { score += 4 }
      if has(VK_MEMORY_PROPERTY_HOST_COHERENT_BIT) { score += 2 }
      switch kind {
      case .staging:
        guard visible else { continue }
        if local && !unified { score -= 1 }
      case .device:
        if !unified && visible { score = -1 }
        if unified && visible { score += 8 }
        if local { score += 16 }
      }
      if score > best?.score ?? Int.min { best = (index, score) }
    }
    return best?.index
  }
}
