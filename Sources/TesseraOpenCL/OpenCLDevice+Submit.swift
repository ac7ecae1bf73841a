import COpenCL
import Synchronization
package import TesseraCore
package import TesseraHAL

/// Replaying recorded commands into the queue.
extension OpenCLDevice {
  /// Waits on this device's own timelines are met by the queue's order: a value waited for must
  /// have been submitted already. Timelines of other devices are waited for on the host, here:
  /// OpenCL has no way to make one driver wait for another.
  package func submit(
    _ commands: any HALCommands, wait: [(timeline: any HALTimeline, value: UInt64)],
    signal: (timeline: any HALTimeline, value: UInt64)
  ) throws(TesseraError) {
    guard
      let commands = commands as? OpenCLCommands, commands.device === self,
      let timeline = signal.timeline as? OpenCLTimeline, timeline.device === self
    else {
      throw .invalidArgument(
        "submission", got: "commands or a timeline of another device", allowed: "\(identity)'s own")
    }
    for (other, value) in wait {
      if let own = other as? OpenCLTimeline, own.device === self { continue }
      _ = try other.wait(for: value, seconds: nil)
    }
    try checkAlive()
    try submission.withLock { _ throws(TesseraError) in
      commands.releaseEvents()
      var last: cl_event?
      do throws(TesseraError) {
        try replay(commands, last: &last)
        try timeline.append(signal.value, adopting: last)
      } catch {
        // What was queued before the failure still runs and may read the recorded bytes.
        _ = library.functions.clFinish(queue)
        throw error
      }
      // The driver may hold work back until something waits for it.
      try check(library.functions.clFlush(queue), "clFlush", .enqueue)
    }
  }

  /// Enqueues every command; `last` gets the event that ends the submission.
  private func replay(
    _ commands: OpenCLCommands, last: inout cl_event?
  ) throws(TesseraError) {
    let cl = library.functions
    let storage = commands.storage
    let count = storage.commands.count
    if count == 0 {
      let status = cl.clEnqueueMarkerWithWaitList(queue, 0, nil, &last)
      return try check(status, "clEnqueueMarkerWithWaitList", .enqueue)
    }
    for index in 0..<count {
      let command = storage.commands[index]
      let ends = index == count - 1
      guard ends || command.opens >= 0 || command.closes >= 0 else {
        try enqueue(command, storage, nil)
        continue
      }
      var event: cl_event?
      try enqueue(command, storage, &event)
      guard let event else { throw .driver("clEnqueue", status: "success but no event") }
      if command.opens >= 0 {
        _ = cl.clRetainEvent(event)
        commands.spans[command.opens].first = event
      }
      if command.closes >= 0 {
        _ = cl.clRetainEvent(event)
        commands.spans[command.closes].last = event
      }
      if ends && storage.hasUpdates {
        _ = cl.clRetainEvent(event)
        commands.completion = event
      }
      if ends { last = event } else { _ = cl.clReleaseEvent(event) }
    }
  }

  private func enqueue(
    _ command: Command, _ storage: CommandStorage, _ event: UnsafeMutablePointer<cl_event?>?
  ) throws(TesseraError) {
    let cl = library.functions
    switch command.operation {
    case .dispatch:
      try dispatch(command, storage, event)
    case .copy:
      let source = storage.ranges[command.firstRange]
      let destination = storage.ranges[command.firstRange + 1]
      let status = cl.clEnqueueCopyBuffer(
        queue, source.buffer.memory, destination.buffer.memory, source.offset, destination.offset,
        source.byteCount, 0, nil, event)
      try check(status, "clEnqueueCopyBuffer", .enqueue)
    case .fill:
      let range = storage.ranges[command.firstRange]
      var pattern = UInt32(truncatingIfNeeded: command.data)
      let status = cl.clEnqueueFillBuffer(
        queue, range.buffer.memory, &pattern, 4, range.offset, range.byteCount, 0, nil, event)
      try check(status, "clEnqueueFillBuffer", .enqueue)
    case .update:
      let range = storage.ranges[command.firstRange]
      let status = cl.clEnqueueWriteBuffer(
        queue, range.buffer.memory, cl_bool(CL_FALSE), range.offset, range.byteCount,
        storage.bytes.base + command.data, 0, nil, event)
      try check(status, "clEnqueueWriteBuffer", .enqueue)
    }
  }

  private func dispatch(
    _ command: Command, _ storage: CommandStorage, _ event: UnsafeMutablePointer<cl_event?>?
  ) throws(TesseraError) {
    let kernel = storage.kernels[command.kernel]
    try storage.ranges.withUnsafeBufferPointer { ranges throws(TesseraError) in
      let bound = UnsafeBufferPointer(rebasing: ranges[command.firstRange...])
      try kernel.bind(bound, constants: storage.bytes.base + command.data)
    }
    // Pointers to the whole tuples: one to `x` alone would not cover `y` and `z`.
    var sizes = (command.global, kernel.local)
    let status = withUnsafeBytes(of: &sizes) { bytes in
      let base = bytes.baseAddress?.assumingMemoryBound(to: Int.self)
      return library.functions.clEnqueueNDRangeKernel(
        queue, kernel.handle, 3, nil, base, base.map { $0 + 3 }, 0, nil, event)
    }
    try check(status, "clEnqueueNDRangeKernel", .enqueue)
  }
}
