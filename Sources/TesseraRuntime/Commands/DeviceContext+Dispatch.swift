import Synchronization
package import TesseraCore
package import TesseraHAL

extension DeviceContext {
  /// Records one dispatch.
  ///
  /// `ranges[i]` goes to slot `i` of the kernel. Everything is checked before anything is recorded;
  /// a grid with a zero does nothing.
  /// - Throws: `invalidArgument` or `overLimit` naming kernel and slot; `outOfBounds` under `validate`.
  package func dispatch(
    _ kernel: RuntimeKernel, groups: GridSize, constants: UnsafeRawBufferPointer,
    ranges: UnsafeBufferPointer<BufferRange>
  ) throws(TesseraError) {
    try DispatchValidator.check(
      kernel.signature, groups: groups, constantBytes: constants.count, ranges: ranges,
      capabilities: capabilities, context: self)
    guard groups.x > 0, groups.y > 0, groups.z > 0 else { return }
    try lock.withLock { _ throws(TesseraError) in
      let encoder = try openEncoder()
      let slots = kernel.signature.slots
      bindingScratch.removeAll(keepingCapacity: true)
      var conflict = false
      var bytes = 0
      for (index, range) in ranges.enumerated() {
        let writes = slots[index].access.writes
        let buffer = range.allocation.block.buffer
        conflict =
          conflict
          || hazards.conflicts(
            buffer, offset: range.position, byteCount: range.byteCount, writes: writes)
        bindingScratch.append(Binding(buffer, offset: range.position, byteCount: range.byteCount))
        bytes &+= range.byteCount
      }
      if conflict {
        try encoder.barrier()
        hazards.barrier()
      }
      let slot = try beginTracedCommand(encoder, label: kernel.signature.name, bytes: bytes)
      try bindingScratch.withUnsafeBufferPointer { bindings throws(TesseraError) in
        try encoder.dispatch(
          kernel.kernel, groups: groups, constants: constants, bindings: bindings)
      }
      if let slot { try encoder.endTiming(slot) }
      for (index, range) in ranges.enumerated() {
        touch(range, writes: slots[index].access.writes)
      }
      counters.dispatches += 1
      try commandRecorded(bytes: bytes)
      if bounds == .validate { try checkGuards(after: kernel.signature, ranges) }
    }
  }

  /// Records a copy between two ranges of equal length on this device.
  package func copy(from source: BufferRange, to destination: BufferRange) throws(TesseraError) {
    guard source.byteCount == destination.byteCount else {
      throw .invalidArgument(
        "copy", got: "\(source.byteCount) to \(destination.byteCount) bytes", allowed: "equal counts")
    }
    try DispatchValidator.check(range: source, name: "source", context: self)
    try DispatchValidator.check(range: destination, name: "destination", context: self)
    guard source.byteCount > 0 else { return }
    try command(label: "copy", reads: source, writes: destination) { encoder throws(TesseraError) in
      try encoder.copy(
        from: source.allocation.block.buffer, offset: source.position,
        to: destination.allocation.block.buffer, offset: destination.position,
        byteCount: source.byteCount)
    }
  }

  /// Records a fill of a range with a repeated 32-bit pattern. Offset and length are multiples of 4.
  package func fill(_ range: BufferRange, pattern: UInt32) throws(TesseraError) {
    try DispatchValidator.check(range: range, name: "fill", context: self)
    guard range.offset % 4 == 0, range.byteCount % 4 == 0 else {
      throw .invalidArgument(
        "fill", got: "\(range.byteCount) bytes at \(range.offset)", allowed: "multiples of 4")
    }
    guard range.byteCount > 0 else { return }
    try command(label: "fill", reads: nil, writes: range) { encoder throws(TesseraError) in
      try encoder.fill(
        range.allocation.block.buffer, offset: range.position, byteCount: range.byteCount,
        pattern: pattern)
    }
  }

  /// Opens a named region around the commands that follow; shown in traces and by debuggers.
  package func pushLabel(_ label: String) {
    lock.withLock { _ in
      labels.append(label)
      encoder?.pushLabel(label)
    }
  }

  /// Closes the innermost region.
  package func popLabel() {
    lock.withLock { _ in
      guard labels.popLast() != nil else { return }
      encoder?.popLabel()
    }
  }

  private func command(
    label: String, reads: BufferRange?, writes: BufferRange,
    _ record: (any HALEncoder) throws(TesseraError) -> Void
  ) throws(TesseraError) {
    try lock.withLock { _ throws(TesseraError) in
      let encoder = try openEncoder()
      let readConflict =
        reads.map {
          hazards.conflicts(
            $0.allocation.block.buffer, offset: $0.position, byteCount: $0.byteCount, writes: false)
        } ?? false
      if readConflict
        || hazards.conflicts(
          writes.allocation.block.buffer, offset: writes.position, byteCount: writes.byteCount,
          writes: true)
      {
        try encoder.barrier()
        hazards.barrier()
      }
      let slot = try beginTracedCommand(encoder, label: label, bytes: writes.byteCount)
      try record(encoder)
      if let slot { try encoder.endTiming(slot) }
      if let reads { touch(reads, writes: false) }
      touch(writes, writes: true)
      counters.copies += 1
      try commandRecorded(bytes: writes.byteCount)
    }
  }

  /// Notes that the open batch uses a range. Call under `lock`.
  private func touch(_ range: BufferRange, writes: Bool) {
    hazards.record(
      range.allocation.block.buffer, offset: range.position, byteCount: range.byteCount,
      writes: writes)
    let previous = range.allocation.lastUse.load(ordering: .relaxed)
    range.allocation.lastUse.store(max(previous, nextValue), ordering: .releasing)
    if writes { range.allocation.noteWriter(batch.result.outcome) }
  }
}
