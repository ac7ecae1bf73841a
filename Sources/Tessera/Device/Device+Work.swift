package import TesseraRuntime

extension Device {
  /// Waits until all work recorded so far is done.
  /// - Parameter seconds: longest wait; nil waits as long as it takes.
  /// - Throws: `timedOut`, or the failure of the work.
  public func synchronize(seconds: Double? = nil) throws(TesseraError) {
    try context.synchronize(seconds: seconds)
  }

  /// Submits what has been recorded without waiting for it.
  public func flush() throws(TesseraError) { try context.flush() }

  /// Runs `body`, which records work, under a label, and returns an event that knows its device time.
  ///
  /// The work between is submitted as one piece. Operators and kernels may be mixed freely:
  /// ```swift
  /// let event = try device.run("scale") { commands in
  ///   try commands.dispatch(scale, groups: [16], buffers: [x, y], constants: [.float(2)])
  /// }
  /// let seconds = try event.deviceSeconds()
  /// ```
  ///
  /// - Throws: what `body` throws, and `TesseraError` if the work cannot be recorded.
  @discardableResult
  public func run(
    _ label: String = "run", _ body: (Commands) throws -> Void
  ) throws -> Event {
    // Untyped, because a closure of several statements is not inferred to throw one error type.
    var failure: (any Error)?
    let event = try record(label) { commands in
      do { try body(commands) } catch { failure = error }
    }
    if let failure { throw failure }
    return event
  }

  /// `run` for bodies that throw `TesseraError` only.
  package func record(
    _ label: String = "run", _ body: (Commands) throws(TesseraError) -> Void
  ) throws(TesseraError) -> Event {
    context.pushLabel(label)
    defer { context.popLabel() }
    let commands = Commands(device: self)
    let span = try context.timed { () throws(TesseraError) in try body(commands) }.span
    return Event(span: span)
  }

  /// Counters of the device's memory pool.
  public var memoryStatistics: MemoryStatistics { context.pool.snapshot() }
  /// How this device's kernels were come by: compiled, or loaded from the cache.
  public var kernelStatistics: KernelStatistics { context.kernels.statistics }
  /// Gives memory kept for reuse back to the driver.
  public func trim() { context.trim() }

  /// Starts recording the host and device times of every command.
  public func startTrace() { context.trace.setOn(true) }
  /// Stops recording, waits for the work and returns the trace as Chrome trace JSON, which Perfetto
  /// and chrome://tracing read.
  public func stopTrace() throws(TesseraError) -> String {
    try context.synchronize()
    context.trace.setOn(false)
    return context.trace.chromeJSON(deviceName: context.name)
  }
}

/// Device time of a stretch of work; from `Device.run`.
public struct Event: Sendable {
  package let span: TimedSpan

  /// Waits for the work and returns its device time in seconds; nil on devices without timestamps.
  /// - Throws: the failure of the work.
  public func deviceSeconds() throws(TesseraError) -> Double? { try span.seconds() }
}
