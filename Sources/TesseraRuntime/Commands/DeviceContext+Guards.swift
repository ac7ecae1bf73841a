import Synchronization
import TesseraCore
import TesseraHAL

/// Memory around buffers. Under `validate` it holds a pattern and is compared after every dispatch. Under
/// `enforce` on the CPU, whose kernels nothing else bounds, it belongs to nobody.
extension DeviceContext {
  /// Bytes before and behind every buffer: multiples of every alignment there is.
  static func bytesAround(_ bounds: BoundsMode, _ backend: BackendKind) -> Int {
    switch (bounds, backend) {
    case (.validate, _): 4096
    case (.enforce, .cpu): 65536
    default: 0
    }
  }

  /// Half of it is a NaN as f32 and as f16, none of it a likely result.
  private static let pattern: UInt32 = 0x7FC3_A5E1

  /// Memory with `around` bytes before it and behind it.
  func allocate(byteCount: Int, around: Int) throws(TesseraError) -> Allocation {
    let (whole, overflow) = byteCount.addingReportingOverflow(2 * around + 4)
    if overflow {
      throw .overLimit("bytes of a buffer", requested: byteCount, limit: Int.max - 2 * around)
    }
    // Idle, so that the host may write the guards at once.
    let block = try pool.allocate(
      byteCount: whole, kind: .device, idleAt: try refreshCompleted())
    let allocation = Allocation(
      block: block, byteCount: byteCount, origin: around, context: self)
    guard bounds == .validate else { return allocation }
    try lock.withLock { _ throws(TesseraError) in
      try writeGuards(of: allocation)
      // Not before: another thread's dispatch compares the guards of all that are known.
      guarded.add(allocation)
    }
    return allocation
  }

  /// Where the guards of an allocation begin in its block.
  private static func guards(of allocation: Allocation) -> [Int] {
    [0, allocation.origin + allocation.capacity]
  }

  /// Writes the pattern. Call under `lock`.
  private func writeGuards(of allocation: Allocation) throws(TesseraError) {
    let (buffer, count) = (allocation.block.buffer, allocation.origin)
    if !buffer.isHostVisible {
      let encoder = try openEncoder()
      try encoder.barrier()
      for offset in Self.guards(of: allocation) {
        try encoder.fill(buffer, offset: offset, byteCount: count, pattern: Self.pattern)
      }
      try encoder.barrier()
      hazards.barrier()
      return
    }
    for offset in Self.guards(of: allocation) {
      try buffer.withHostBytes(offset: offset, byteCount: count, writing: true) { bytes in
        for place in stride(from: 0, to: count, by: 4) {
          bytes.storeBytes(of: Self.pattern, toByteOffset: place, as: UInt32.self)
        }
      }
    }
  }

  /// Waits for all work and compares the guards of all live memory. Call under `lock`.
  /// - Throws: `outOfBounds` naming kernel and buffer. The guards are whole again then, and what the kernel
  ///   wrote, on purpose or not, counts as failed.
  func checkGuards(
    after signature: KernelSignature, _ ranges: UnsafeBufferPointer<BufferRange>
  ) throws(TesseraError) {
    try finishLocked()
    var found: TesseraError?
    let outcome = BatchOutcome()
    var seen: Set<ObjectIdentifier> = []
    func check(_ allocation: Allocation, _ name: String) throws(TesseraError) {
      guard seen.insert(ObjectIdentifier(allocation)).inserted,
        let place = try damage(of: allocation)
      else { return }
      try writeGuards(of: allocation)
      allocation.noteWriter(outcome)
      if found == nil {
        found = TesseraError(
          .outOfBounds,
          "kernel \(signature.name) wrote beside \(name): at byte \(place) of \(allocation.byteCount)")
      }
    }
    for (range, slot) in zip(ranges, signature.slots) where range.allocation.origin > 0 {
      try check(range.allocation, slot.name)
    }
    for allocation in guarded.all {
      try check(allocation, "a buffer that it was not given")
    }
    guard let found else { return }
    outcome.fail(found)
    for (range, slot) in zip(ranges, signature.slots) where slot.access.writes {
      range.allocation.noteWriter(outcome)
    }
    throw found
  }

  /// Submits the open batch and waits for it. Call under `lock`.
  private func finishLocked() throws(TesseraError) {
    let value = try flushLocked()
    do {
      _ = try timeline.wait(for: value, seconds: nil)
    } catch {
      if lost == nil { lost = error }
      for entry in inFlight { entry.result.outcome.fail(error) }
      throw error
    }
    retireCompleted(upTo: value)
  }

  /// The first byte of the guards that is not as it was, counted from the memory's start; nil if all are.
  private func damage(of allocation: Allocation) throws(TesseraError) -> Int? {
    for offset in Self.guards(of: allocation) {
      if let place = try damage(in: allocation.block.buffer, at: offset, count: allocation.origin) {
        return offset + place - allocation.origin
      }
    }
    return nil
  }

  private func damage(
    in buffer: any HALBuffer, at offset: Int, count: Int
  ) throws(TesseraError) -> Int? {
    var place: Int?
    func look(_ bytes: UnsafeMutableRawBufferPointer) {
      place = stride(from: 0, to: count, by: 4).first {
        bytes.loadUnaligned(fromByteOffset: $0, as: UInt32.self) != Self.pattern
      }
    }
    if buffer.isHostVisible {
      try buffer.withHostBytes(offset: offset, byteCount: count, writing: false) { look($0) }
      return place
    }
    let staging = try pool.allocate(byteCount: count, kind: .staging, idleAt: completed)
    defer { pool.retire(staging, lastUse: completed) }
    let encoder = try openEncoder()
    try encoder.copy(
      from: buffer, offset: offset, to: staging.buffer, offset: 0, byteCount: count)
    try finishLocked()
    try staging.buffer.withHostBytes(offset: 0, byteCount: count, writing: false) { look($0) }
    return place
  }
}
