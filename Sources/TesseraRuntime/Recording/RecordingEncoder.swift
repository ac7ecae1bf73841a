import TesseraCore
import TesseraHAL

/// An encoder of a recording device.
final class RecordingEncoder: HALEncoder {
  private let base: any HALEncoder
  private let log: CallLog
  private let census: KernelCensus

  init(_ base: any HALEncoder, _ log: CallLog, _ census: KernelCensus) {
    self.base = base
    self.log = log
    self.census = census
  }

  func dispatch(
    _ kernel: any HALKernel, groups: GridSize, constants: UnsafeRawBufferPointer,
    bindings: UnsafeBufferPointer<Binding>
  ) throws(TesseraError) {
    try log.note(.dispatch)
    let own = bindings.map {
      Binding(RecordingBuffer.unwrap($0.buffer), offset: $0.offset, byteCount: $0.byteCount)
    }
    try own.withUnsafeBufferPointer { bindings throws(TesseraError) in
      try base.dispatch(kernel, groups: groups, constants: constants, bindings: bindings)
    }
    census.dispatched(kernel)
  }

  func copy(
    from source: any HALBuffer, offset sourceOffset: Int, to destination: any HALBuffer,
    offset destinationOffset: Int, byteCount: Int
  ) throws(TesseraError) {
    try log.note(.copy)
    try base.copy(
      from: RecordingBuffer.unwrap(source), offset: sourceOffset,
      to: RecordingBuffer.unwrap(destination), offset: destinationOffset, byteCount: byteCount)
  }

  func fill(
    _ buffer: any HALBuffer, offset: Int, byteCount: Int, pattern: UInt32
  ) throws(TesseraError) {
    try log.note(.fill)
    try base.fill(
      RecordingBuffer.unwrap(buffer), offset: offset, byteCount: byteCount, pattern: pattern)
  }

  func update(
    _ buffer: any HALBuffer, offset: Int, bytes: UnsafeRawBufferPointer
  ) throws(TesseraError) {
    try log.note(.update)
    try base.update(RecordingBuffer.unwrap(buffer), offset: offset, bytes: bytes)
  }

  func barrier() throws(TesseraError) {
    try log.note(.barrier)
    try base.barrier()
  }

  func beginTiming(_ slot: Int) throws(TesseraError) { try base.beginTiming(slot) }
  func endTiming(_ slot: Int) throws(TesseraError) { try base.endTiming(slot) }
  func pushLabel(_ label: String) { base.pushLabel(label) }
  func popLabel() { base.popLabel() }

  func finish() throws(TesseraError) -> any HALCommands {
    try log.note(.finish)
    return try base.finish()
  }
}
