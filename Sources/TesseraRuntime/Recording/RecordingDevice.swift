package import TesseraCore
package import TesseraHAL

/// A device that passes every call on to another one, writes it down, and can fail any of them.
///
/// For tests: faults reach the layers above exactly where a driver would raise them, and results stay
/// real because a real device runs the rest. Never chosen by itself.
package final class RecordingDevice: HALDevice {
  package let base: any HALDevice
  package let log: CallLog
  package let census = KernelCensus()
  package let capabilities: Capabilities
  /// Changes kernels before they are built, to plant mistakes in them.
  private let edit: @Sendable (KernelCode, KernelSignature) -> KernelCode
  private let waits: Bool
  private let scribble: UInt8?
  private let hidesMemory: Bool

  /// - Parameters:
  ///   - capabilities: what plans are made for; the base's own if nil.
  ///   - waits: lets no submission return before its work is done, for simulators that cannot have
  ///     host and kernels touch memory at the same time.
  ///   - scribble: what every byte of new memory holds, where the host can write it.
  ///   - hidesMemory: device memory is not for the host, as on a GPU with memory of its own.
  package init(
    _ base: any HALDevice, log: CallLog = CallLog(), capabilities: Capabilities? = nil,
    waits: Bool = false, scribble: UInt8? = nil, hidesMemory: Bool = false,
    edit: @escaping @Sendable (KernelCode, KernelSignature) -> KernelCode = { code, _ in code }
  ) {
    self.base = base
    self.log = log
    self.capabilities = capabilities ?? base.capabilities
    self.edit = edit
    self.waits = waits
    self.scribble = scribble
    self.hidesMemory = hidesMemory
  }

  package var identity: DeviceIdentity { base.identity }
  package var bounds: BoundsMode { base.bounds }

  package func allocate(byteCount: Int, kind: MemoryKind) throws(TesseraError) -> any HALBuffer {
    try log.note(.allocate)
    let buffer = try base.allocate(byteCount: byteCount, kind: kind)
    if let scribble, buffer.isHostVisible {
      try buffer.withHostBytes(offset: 0, byteCount: buffer.byteCount, writing: true) {
        _ = $0.initializeMemory(as: UInt8.self, repeating: scribble)
      }
    }
    return RecordingBuffer(buffer, log, isHidden: hidesMemory && kind == .device)
  }

  package func makeKernel(
    _ code: KernelCode, signature: KernelSignature, binary: [UInt8]?
  ) throws(TesseraError) -> any HALKernel {
    try log.note(.makeKernel)
    let kernel = try base.makeKernel(
      edit(code, signature), signature: signature, binary: binary)
    census.built(kernel, from: code)
    return kernel
  }

  package func makeTimeline() throws(TesseraError) -> any HALTimeline {
    try log.note(.makeTimeline)
    return RecordingTimeline(try base.makeTimeline(), log)
  }

  package func makeEncoder() throws(TesseraError) -> any HALEncoder {
    try log.note(.makeEncoder)
    return RecordingEncoder(try base.makeEncoder(), log, census)
  }

  package func submit(
    _ commands: any HALCommands, wait: [(timeline: any HALTimeline, value: UInt64)],
    signal: (timeline: any HALTimeline, value: UInt64)
  ) throws(TesseraError) {
    try log.note(.submit)
    try base.submit(
      commands, wait: wait.map { (RecordingTimeline.unwrap($0.timeline), $0.value) },
      signal: (RecordingTimeline.unwrap(signal.timeline), signal.value))
    if waits { _ = try signal.timeline.wait(for: signal.value, seconds: nil) }
  }

  package func memory() -> (allocated: Int, available: Int?) { base.memory() }
  package func trim() { base.trim() }
}

/// A buffer of a recording device.
final class RecordingBuffer: HALBuffer {
  let base: any HALBuffer
  private let log: CallLog
  private let isHidden: Bool

  init(_ base: any HALBuffer, _ log: CallLog, isHidden: Bool) {
    self.base = base
    self.log = log
    self.isHidden = isHidden
  }

  var byteCount: Int { base.byteCount }
  var kind: MemoryKind { base.kind }
  var isHostVisible: Bool { base.isHostVisible && !isHidden }

  func withHostBytes(
    offset: Int, byteCount: Int, writing: Bool,
    _ body: (UnsafeMutableRawBufferPointer) throws(TesseraError) -> Void
  ) throws(TesseraError) {
    try log.note(.hostBytes)
    try base.withHostBytes(offset: offset, byteCount: byteCount, writing: writing, body)
  }

  static func unwrap(_ buffer: any HALBuffer) -> any HALBuffer {
    (buffer as? RecordingBuffer)?.base ?? buffer
  }
}

/// A timeline of a recording device.
final class RecordingTimeline: HALTimeline {
  private let base: any HALTimeline
  private let log: CallLog

  init(_ base: any HALTimeline, _ log: CallLog) {
    self.base = base
    self.log = log
  }

  func completedValue() throws(TesseraError) -> UInt64 {
    try log.note(.completedValue)
    return try base.completedValue()
  }

  func wait(for value: UInt64, seconds: Double?) throws(TesseraError) -> Bool {
    try log.note(.wait)
    return try base.wait(for: value, seconds: seconds)
  }

  static func unwrap(_ timeline: any HALTimeline) -> any HALTimeline {
    (timeline as? RecordingTimeline)?.base ?? timeline
  }
}
