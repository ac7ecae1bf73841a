import CVulkan
import TesseraCore
import TesseraHAL

extension VulkanContext {
  /// Queues commands behind everything submitted before, and keeps them alive until they are done.
  func submit(
    _ lease: CommandLease, wait: [(timeline: any HALTimeline, value: UInt64)],
    signal: (timeline: any HALTimeline, value: UInt64)
  ) throws(TesseraError) {
    try checkAlive()
    var arena = Arena()
    let command = arena.new(
      VkCommandBufferSubmitInfo.make { $0.commandBuffer = lease.resources.buffer })
    var waits: [VkSemaphoreSubmitInfo] = []
    var timelines: [any HALTimeline] = [signal.timeline]
    for entry in wait {
      waits.append(try Self.info(entry.timeline, entry.value))
      timelines.append(entry.timeline)
    }
    let waitInfos = arena.array(waits)
    let signalInfos = arena.new(try Self.info(signal.timeline, signal.value))
    let progressInfo = VkSemaphoreSubmitInfo.make {
      $0.semaphore = progress
      $0.stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT
    }
    let signals = arena.array([signalInfos.pointee, progressInfo])
    let info = arena.new(
      VkSubmitInfo2.make {
        $0.waitSemaphoreInfoCount = UInt32(waits.count)
        $0.pWaitSemaphoreInfos = waitInfos.map { UnsafePointer($0) }
        $0.commandBufferInfoCount = 1
        $0.pCommandBufferInfos = UnsafePointer(command)
        $0.signalSemaphoreInfoCount = 2
        $0.pSignalSemaphoreInfos = signals.map { UnsafePointer($0) }
      })
    try queueLock.withLock { () throws(TesseraError) in
      signals?[1].value = lastSerial + 1
      try check("vkQueueSubmit2", vk.vkQueueSubmit2(queue, 1, info, nil))
      lastSerial += 1
      inFlight.append(Submission(serial: lastSerial, lease: lease, timelines: timelines))
    }
    reap()
  }

  private static func info(
    _ timeline: any HALTimeline, _ value: UInt64
  ) throws(TesseraError) -> VkSemaphoreSubmitInfo {
    guard let timeline = timeline as? VulkanTimeline else {
      throw .invalidArgument("timeline", got: "another back-end's", allowed: "Vulkan timelines")
    }
    return .make {
      $0.semaphore = timeline.semaphore
      $0.value = value
      $0.stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT
    }
  }

  /// Lets go of submissions that have completed. After a failure everything is kept: whether the
  /// device still touches the memory is not known.
  func reap() {
    var done: [Submission] = []
    queueLock.withLock {
      guard !inFlight.isEmpty else { return }
      var value: UInt64 = 0
      guard vk.vkGetSemaphoreCounterValue(handle, progress, &value) == VK_SUCCESS else { return }
      let count = inFlight.prefix { $0.serial <= value }.count
      guard count > 0 else { return }
      done = Array(inFlight.prefix(count))
      inFlight.removeFirst(count)
    }
    // Released here, outside the lock.
    done.removeAll()
  }

  /// Waits for the work in flight when nobody can submit any more. Work that hangs keeps its
  /// memory, and thereby this context, to the end of the process.
  func drain() {
    let serial = queueLock.withLock { inFlight.isEmpty ? 0 : lastSerial }
    guard serial > 0 else { return }
    switch waitFor(progress, serial, nanoseconds: 10_000_000_000) {
    case VK_SUCCESS: reap()
    case VK_ERROR_DEVICE_LOST:
      // A lost device has stopped; its objects may be destroyed.
      let all = queueLock.withLock {
        let all = inFlight
        inFlight = []
        return all
      }
      withExtendedLifetime(all) {}
    default: break
    }
  }

  /// Waits until a timeline semaphore reaches `value`.
  func waitFor(_ semaphore: VkSemaphore, _ value: UInt64, nanoseconds: UInt64) -> VkResult {
    var handle: VkSemaphore? = semaphore
    var value = value
    return withUnsafePointer(to: &handle) { handles in
      withUnsafePointer(to: &value) { values in
        var info = VkSemaphoreWaitInfo.make()
        info.semaphoreCount = 1
        info.pSemaphores = handles
        info.pValues = values
        return vk.vkWaitSemaphores(self.handle, &info, nanoseconds)
      }
    }
  }
}
