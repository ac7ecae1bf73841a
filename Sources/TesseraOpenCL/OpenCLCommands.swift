import COpenCL
import Synchronization
package import TesseraCore
import TesseraHAL

/// Recorded commands with everything they touch, kept alive until they are released.
package final class OpenCLCommands: HALCommands, @unchecked Sendable {
  // Unchecked: the storage is constant after recording; events are touched under the device's lock.
  let device: OpenCLDevice
  let storage: CommandStorage
  /// First and last event of each timing slot of the latest run.
  var spans: [(first: cl_event?, last: cl_event?)]
  /// The latest run's last event, kept only where the driver reads our memory until then.
  var completion: cl_event?

  init(device: OpenCLDevice, storage: CommandStorage) {
    self.device = device
    self.storage = storage
    spans = Array(repeating: (nil, nil), count: storage.slotCount)
  }

  deinit {
    // Queued writes read the storage's bytes. The runtime keeps commands until they are done; if
    // someone did not, waiting here is better than a write from freed memory.
    if completion != nil { _ = device.library.functions.clWaitForEvents(1, &completion) }
    releaseEvents()
    device.recycle(storage)
  }

  /// Forgets the events of the run before.
  func releaseEvents() {
    let cl = device.library.functions
    for index in spans.indices {
      if let event = spans[index].first { _ = cl.clReleaseEvent(event) }
      if let event = spans[index].last { _ = cl.clReleaseEvent(event) }
      spans[index] = (nil, nil)
    }
    if let event = completion { _ = cl.clReleaseEvent(event) }
    completion = nil
  }

  package func timings() throws(TesseraError) -> [(start: UInt64, end: UInt64)?] {
    try device.submission.withLock { _ throws(TesseraError) in
      var result: [(start: UInt64, end: UInt64)?] = []
      result.reserveCapacity(spans.count)
      for span in spans {
        guard let first = span.first, let last = span.last else {
          result.append(nil)
          continue
        }
        let start = try time(first, CL_PROFILING_COMMAND_START)
        result.append((start, try time(last, CL_PROFILING_COMMAND_END)))
      }
      return result
    }
  }

  private func time(_ event: cl_event, _ what: Int32) throws(TesseraError) -> UInt64 {
    var nanoseconds: cl_ulong = 0
    let status = device.library.functions.clGetEventProfilingInfo(
      event, cl_profiling_info(what), MemoryLayout<cl_ulong>.size, &nanoseconds, nil)
    try device.check(status, "clGetEventProfilingInfo", .query)
    return UInt64(nanoseconds)
  }
}
