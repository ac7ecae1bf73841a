#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif
package import Tessera
package import TesseraConformance
package import TesseraCore
package import TesseraRuntime

/// Verifies a subject before it is timed, in a way that is hard to fool.
///
/// Every operand lies between guard bytes, outputs are filled with NaN. The order is: run, judge by the
/// oracle; new random data behind the same pointers, run, judge again; then each input alone is given
/// the first run's data, which must change the result. Each run must be counted by the device.
package struct Examination {
  /// What an examination found, and the memory it leaves: the second run's data.
  package struct Report {
    package var verification: Verification
    package var findings: [Finding]
    package var inputs: [HostTensor?]
    package var ranges: [BufferRange?]
    /// Dispatches that the device counted for one run.
    package var dispatches: Int
    package var passed: Bool { verification.passed && !findings.contains(where: \.fails) }
  }

  private let subject: Subject
  private let device: Device
  private let seed: UInt64

  package init(_ subject: Subject, on device: Device, seed: UInt64) {
    self.subject = subject
    self.device = device
    self.seed = seed
  }

  package func report() throws(TesseraError) -> Report {
    var memories: [GuardedMemory?] = []
    let first = try subject.inputs(seed)
    for (operand, input) in zip(subject.operands, first) {
      guard let operand else {
        memories.append(nil)
        continue
      }
      memories.append(
        try GuardedMemory(byteCount: operand.byteCount, data: input, on: device.context))
    }
    var findings: [Finding] = []
    let (outputs, counted) = try run(memories, &findings)
    var verification = try subject.judge(first, outputs, false)
    if !verification.passed { findings.append(wrong(outputs, verification)) }

    // New data behind the same pointers: a result kept by pointer is the old one.
    let second = try subject.inputs(seed &+ 0x5EED)
    for (memory, input) in zip(memories, second) { try write(input, to: memory) }
    let (again, _) = try run(memories, &findings)
    let verdict = try subject.judge(second, again, true)
    if !verdict.passed {
      findings.append(
        verification.passed && equal(again, outputs)
          ? Finding(.stale, "new data gave the result of the old data") : wrong(again, verdict))
    }
    verification = verification.and(verdict)
    if !findings.contains(where: \.fails) {
      try vary(memories, first, second, again, &findings)
      try checkInputs(memories, second, &findings)
    }
    return Report(
      verification: verification, findings: findings.uniqued(), inputs: second,
      ranges: memories.map { $0?.range }, dispatches: counted)
  }

  /// Runs on outputs full of NaN; reads the outputs, looks at guards and counts dispatches.
  private func run(
    _ memories: [GuardedMemory?], _ findings: inout [Finding]
  ) throws(TesseraError) -> (outputs: [HostTensor?], dispatches: Int) {
    let context = device.context
    for (memory, operand) in zip(memories, subject.operands) {
      guard let memory, let operand, !operand.isInput, operand.byteCount > 0 else { continue }
      try context.fill(
        BufferRange(
          memory.range.allocation, offset: memory.range.offset,
          byteCount: (memory.range.byteCount + 3) & ~3), pattern: 0xFFFF_FFFF)
    }
    let before = context.commandCounters().dispatches
    try subject.run(memories.map { $0?.range })
    let counted = context.commandCounters().dispatches - before
    if counted != subject.dispatches {
      findings.append(
        Finding(
          .elsewhere, "\(device.info.id) counted \(counted) of \(subject.dispatches) dispatches"))
    }
    var outputs: [HostTensor?] = []
    for (memory, operand) in zip(memories, subject.operands) {
      guard let memory, let operand else {
        outputs.append(nil)
        continue
      }
      if try !memory.guardsIntact() {
        findings.append(Finding(.overrun, "bytes beside \(operand.name) were overwritten"))
      }
      outputs.append(
        operand.isInput ? nil : try memory.read(dtype: operand.dtype, shape: operand.shape))
    }
    return (outputs, counted)
  }

  /// Gives each input alone other data; a result that stays the same does not depend on it.
  private func vary(
    _ memories: [GuardedMemory?], _ first: [HostTensor?], _ second: [HostTensor?],
    _ outputs: [HostTensor?], _ findings: inout [Finding]
  ) throws(TesseraError) {
    for (index, operand) in subject.operands.enumerated() {
      guard let operand, operand.isInput, operand.varies, operand.byteCount > 0 else { continue }
      try write(first[index], to: memories[index])
      let (changed, _) = try run(memories, &findings)
      try write(second[index], to: memories[index])
      if equal(changed, outputs) {
        findings.append(
          Finding(.ignoredInput, "other values of \(operand.name) gave the same result"))
      }
    }
    // Leaves the second data's result behind.
    _ = try run(memories, &findings)
  }

  private func checkInputs(
    _ memories: [GuardedMemory?], _ inputs: [HostTensor?], _ findings: inout [Finding]
  ) throws(TesseraError) {
    for (index, operand) in subject.operands.enumerated() {
      guard let operand, let memory = memories[index], let input = inputs[index] else { continue }
      if try !same(memory.read(dtype: operand.dtype, shape: operand.shape), input) {
        findings.append(Finding(.inputWritten, "\(operand.name) was written"))
      }
    }
  }

  private func write(_ input: HostTensor?, to memory: GuardedMemory?) throws(TesseraError) {
    guard let input, let memory, input.byteCount > 0 else { return }
    try input.withUnsafeBytes { bytes throws(TesseraError) in
      try device.context.write(bytes, to: memory.range)
    }
  }

  private func wrong(_ outputs: [HostTensor?], _ verification: Verification) -> Finding {
    for (output, operand) in zip(outputs, subject.operands) {
      guard let output, let operand, output.byteCount > 0 else { continue }
      if output.withUnsafeBytes({ bytes in bytes.allSatisfy { $0 == 0xFF } }) {
        return Finding(.unwritten, "\(operand.name) was left as it was")
      }
    }
    return Finding(.wrong, verification.summary)
  }

  private func equal(_ a: [HostTensor?], _ b: [HostTensor?]) -> Bool {
    zip(a, b).allSatisfy { left, right in
      guard let left, let right else { return left == nil && right == nil }
      return same(left, right)
    }
  }

  private func same(_ a: HostTensor, _ b: HostTensor) -> Bool {
    a.withUnsafeBytes { left in
      b.withUnsafeBytes { right in
        left.count == right.count
          && (left.isEmpty || compare(left, right))
      }
    }
  }

  private func compare(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
    guard let left = a.baseAddress, let right = b.baseAddress else { return false }
    return memcmp(left, right, a.count) == 0
  }
}

extension [Finding] {
  /// The same findings, each once.
  fileprivate func uniqued() -> [Finding] {
    var seen: Set<Finding> = []
    return filter { seen.insert($0).inserted }
  }
}
