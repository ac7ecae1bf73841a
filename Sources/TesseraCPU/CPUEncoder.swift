package import TesseraCore
package import TesseraHAL

/// Records commands into flat arrays.
package final class CPUEncoder: HALEncoder {
  private let recording: Recording
  private let pool: RecordingPool
  private var finished = false
  /// Commands recorded when the open timing began.
  private var timingStart = 0

  init(pool: RecordingPool) {
    self.pool = pool
    recording = pool.take()
  }

  deinit { if !finished { pool.recycle(recording) } }

  package func dispatch(
    _ kernel: any HALKernel, groups: GridSize, constants: UnsafeRawBufferPointer,
    bindings: UnsafeBufferPointer<Binding>
  ) throws(TesseraError) {
    guard let kernel = kernel as? CPUKernel else { throw Self.foreign("kernel") }
    let first = recording.bindings.count
    for binding in bindings {
      let start = try pointer(binding.buffer, binding.offset)
      recording.bindings.append(
        UnsafeMutableRawBufferPointer(start: start, count: binding.byteCount))
    }
    recording.kept.append(kernel)
    recording.localBytes = max(recording.localBytes, kernel.signature.localBytes)
    recording.commands.append(
      .dispatch(
        .init(
          function: kernel.function, groups: groups, localBytes: kernel.signature.localBytes,
          bindings: first, bindingCount: bindings.count,
          constants: recording.append(inline: constants), constantBytes: constants.count)))
  }

  package func copy(
    from source: any HALBuffer, offset sourceOffset: Int, to destination: any HALBuffer,
    offset destinationOffset: Int, byteCount: Int
  ) throws(TesseraError) {
    let from = try pointer(source, sourceOffset)
    let to = try pointer(destination, destinationOffset)
    recording.commands.append(.copy(from: UnsafeRawPointer(from), to: to, byteCount: byteCount))
  }

  package func fill(
    _ buffer: any HALBuffer, offset: Int, byteCount: Int, pattern: UInt32
  ) throws(TesseraError) {
    let start = try pointer(buffer, offset)
    recording.commands.append(.fill(start, byteCount: byteCount, pattern: pattern))
  }

  package func update(
    _ buffer: any HALBuffer, offset: Int, bytes: UnsafeRawBufferPointer
  ) throws(TesseraError) {
    let start = try pointer(buffer, offset)
    let block = recording.append(inline: bytes)
    recording.commands.append(.update(start, block: block, byteCount: bytes.count))
  }

  /// Nothing to do: commands run one after the other.
  package func barrier() throws(TesseraError) {}

  package func beginTiming(_ slot: Int) throws(TesseraError) {
    while recording.times.count <= slot { recording.times.append((0, 0)) }
    recording.commands.append(.beginTiming(slot))
    timingStart = recording.commands.count
  }

  package func endTiming(_ slot: Int) throws(TesseraError) {
    if recording.commands.count == timingStart {
      // Nothing inside: the slot stays without times.
      recording.commands.removeLast()
    } else {
      recording.commands.append(.endTiming(slot))
    }
  }

  package func pushLabel(_ label: String) {}
  package func popLabel() {}

  package func finish() throws(TesseraError) -> any HALCommands {
    finished = true
    return CPUCommands(recording: recording, pool: pool)
  }

  /// The address of a byte of `buffer`, which is kept alive from now on.
  private func pointer(
    _ buffer: any HALBuffer, _ offset: Int
  ) throws(TesseraError) -> UnsafeMutableRawPointer {
    guard let buffer = buffer as? CPUBuffer else { throw Self.foreign("buffer") }
    recording.kept.append(buffer)
    return buffer.base + offset
  }

  private static func foreign(_ what: String) -> TesseraError {
    .invalidArgument(what, got: "one of another back-end", allowed: "one of the CPU device")
  }
}
