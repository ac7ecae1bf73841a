package import Logging
import Synchronization
package import TesseraCore
package import TesseraHAL

/// One opened device with everything that no back-end has to do: validation, memory pool, hazards,
/// batching, kernel cache, labels and trace.
///
/// Commands go into an open batch in call order and run in that order. A batch is submitted when
/// enough work has gathered, or when somebody waits. `@unchecked Sendable`: the mutable state below
/// is touched only under `lock`. Lock order: `lock`, then the pool's, the kernel store's and the trace's.
package final class DeviceContext: @unchecked Sendable {
  package let device: any HALDevice
  /// Capabilities with what the probes found filled in.
  package let capabilities: Capabilities
  package let pool: MemoryPool
  package let kernels: KernelStore
  package let trace: TraceRecorder
  /// What is done about kernels that would touch memory beside their buffers.
  package let bounds: BoundsMode
  /// Live memory with something around it.
  let guarded = GuardedAllocations()
  package let logger: Logger
  let timeline: any HALTimeline
  let lock = Mutex(())

  // Guarded by `lock`.
  var encoder: (any HALEncoder)?
  var batch = Batch()
  var hazards = HazardTracker()
  /// Timeline value that the open batch will signal.
  var nextValue: UInt64 = 1
  /// Highest value known to be completed.
  var completed: UInt64 = 0
  var inFlight: [InFlight] = []
  var labels: [String] = []
  var bindingScratch: [Binding] = []
  var lost: TesseraError?
  var openSpans = 0
  /// The timing slot that spans of the open batch share; nil if none is being timed.
  var openSlot: Int?
  var counters = CommandCounters()

  /// What the open batch holds so far.
  struct Batch {
    var commands = 0
    var estimatedBytes = 0
    var timingSlots = 0
    var result = BatchResult()
  }
  struct InFlight {
    var value: UInt64
    var result: BatchResult
  }

  /// Wraps an open device and probes it for known driver faults.
  package init(
    device: any HALDevice, cache: DiskCache?, logger: Logger, probe: Bool = true
  ) throws(TesseraError) {
    self.device = device
    self.logger = logger
    bounds = device.bounds
    timeline = try device.makeTimeline()
    pool = MemoryPool(device: device)
    trace = TraceRecorder()
    kernels = KernelStore(device: device, cache: cache, logger: logger)
    var capabilities = device.capabilities
    if probe {
      try DriverFaults.probe(device, &capabilities, logger: logger)
      TensorTierProbe.probe(device, kernels, &capabilities, logger: logger)
    }
    self.capabilities = capabilities
  }

  deinit {
    // Unsubmitted commands have no reader left; memory in flight is kept by the back-end.
    encoder = nil
  }

  /// Allocates device memory, or host-addressable staging memory.
  package func allocate(
    byteCount: Int, kind: MemoryKind = .device, hostWrites: Bool = false
  ) throws(TesseraError) -> Allocation {
    guard byteCount >= 0 else {
      throw .invalidArgument("byteCount", got: byteCount, allowed: "0 or more")
    }
    // Kernels are not given staging memory.
    let around = kind == .device ? Self.bytesAround(bounds, capabilities.backend) : 0
    guard around > 0 else {
      let idleAt: UInt64? = hostWrites ? try refreshCompleted() : nil
      let block = try pool.allocate(byteCount: byteCount, kind: kind, idleAt: idleAt)
      return Allocation(block: block, byteCount: byteCount, origin: 0, context: self)
    }
    return try allocate(byteCount: byteCount, around: around)
  }

  /// Host-side counters since the device was opened.
  package func commandCounters() -> CommandCounters {
    lock.withLock { _ in
      var result = counters
      result.barriers = hazards.barrierCount
      return result
    }
  }

  /// The device's name and identifier for messages.
  package var name: String { "\(capabilities.name) (\(device.identity))" }

  /// Gives cached memory back to the driver.
  package func trim() {
    pool.trim()
    device.trim()
  }
}

/// How many commands a context has recorded.
package struct CommandCounters: Sendable, Hashable, Codable {
  package var dispatches = 0
  package var copies = 0
  package var batches = 0
  package var barriers = 0
  package init() {}
}

/// The commands of one batch once they are finished; spans read their times from it.
package final class BatchResult: @unchecked Sendable {
  // Written once under the context's lock before any reader can see `value`.
  var commands: (any HALCommands)?
  var value: UInt64 = 0
  let outcome = BatchOutcome()
  var traceEntries: [TraceRecorder.Pending] = []
}
