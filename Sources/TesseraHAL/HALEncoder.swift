package import TesseraCore

/// Records commands for one submission. Used by one thread at a time.
///
/// Every call carries everything it needs: there is no bound state. Ranges, counts and limits have
/// been checked by the runtime before a call arrives here.
package protocol HALEncoder: AnyObject {
  /// Runs `groups` workgroups of `kernel`. `bindings[i]` goes to slot `i`; `constants` has exactly the
  /// signature's bytes. All counts are at least 1.
  func dispatch(
    _ kernel: any HALKernel, groups: GridSize, constants: UnsafeRawBufferPointer,
    bindings: UnsafeBufferPointer<Binding>
  ) throws(TesseraError)
  /// Copies between buffers of this device. Offsets and count are multiples of 4 on Vulkan's account
  /// only where the runtime pads; back-ends accept any.
  func copy(
    from source: any HALBuffer, offset sourceOffset: Int, to destination: any HALBuffer,
    offset destinationOffset: Int, byteCount: Int
  ) throws(TesseraError)
  /// Fills with a repeated 32-bit pattern; offset and count are multiples of 4.
  func fill(
    _ buffer: any HALBuffer, offset: Int, byteCount: Int, pattern: UInt32
  ) throws(TesseraError)
  /// Writes up to 64 KiB of inline data; offset and count are multiples of 4.
  func update(
    _ buffer: any HALBuffer, offset: Int, bytes: UnsafeRawBufferPointer
  ) throws(TesseraError)
  /// Orders all memory accesses before it against all after it.
  func barrier() throws(TesseraError)
  /// Starts measuring device time under `slot` (0, 1, 2, …); spans of different slots do not overlap.
  func beginTiming(_ slot: Int) throws(TesseraError)
  func endTiming(_ slot: Int) throws(TesseraError)
  /// Opens a named region for debuggers; regions nest.
  func pushLabel(_ label: String)
  func popLabel()
  /// Ends recording. The encoder must not be used afterwards.
  func finish() throws(TesseraError) -> any HALCommands
}

/// Finished commands, ready to be submitted once, or again when the earlier run has completed.
package protocol HALCommands: AnyObject, Sendable {
  /// Device time of each timing slot in nanoseconds on the device's clock; read after completion.
  /// A slot with nothing inside, or on a device without timestamps, is nil.
  func timings() throws(TesseraError) -> [(start: UInt64, end: UInt64)?]
}
