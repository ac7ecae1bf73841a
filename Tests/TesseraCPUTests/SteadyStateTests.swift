import TesseraCPU
import TesseraCore
import TesseraHAL
import Testing

#if canImport(Glibc)
import Glibc

/// Bytes the process holds from the heap and has not freed, from the allocator's own report.
private func heapBytes() -> Int {
  typealias Report = @convention(c) (Int32, UnsafeMutablePointer<FILE>?) -> Int32
  guard let symbol = dlsym(nil, "malloc_info"), let file = tmpfile() else { return -1 }
  defer { fclose(file) }
  _ = unsafeBitCast(symbol, to: Report.self)(0, file)
  rewind(file)
  let text = [UInt8](unsafeUninitializedCapacity: 1 << 20) { memory, count in
    count = fread(memory.baseAddress, 1, memory.count, file)
  }
  // After the arenas come the totals: free chunks, mapped chunks, then what the system gave.
  var bytes = 0
  for line in String(decoding: text, as: UTF8.self).components(after: "</heap>") {
    guard let size = line.number(of: "size") else { continue }
    if line.contains("<system type=\"current\"") || line.contains("type=\"mmap\"") { bytes += size }
    if line.contains("type=\"fast\"") || line.contains("type=\"rest\"") { bytes -= size }
  }
  return bytes
}

extension String {
  /// The lines after the last `marker`.
  fileprivate func components(after marker: String) -> [Substring] {
    let lines = split(separator: "\n")
    let last = lines.lastIndex { $0.contains(marker) } ?? -1
    return Array(lines[(last + 1)...])
  }
}

extension Substring {
  /// The value of `name="…"`.
  fileprivate func number(of name: String) -> Int? {
    let pieces = split(separator: "\"")
    guard let index = pieces.firstIndex(where: { $0.hasSuffix(" \(name)=") }) else { return nil }
    return Int(pieces[index + 1])
  }
}

@Suite struct SteadyStateTests {
  // In a process of its own: the heap is everybody's.
  @Test func `recording dispatches does not allocate once warm`() async throws {
    // A sanitizer's allocator has no report.
    let before = heapBytes()
    let block = UnsafeMutableRawPointer.allocate(byteCount: 1 << 20, alignment: 64)
    let grown = heapBytes() - before
    block.deallocate()
    guard grown > 1 << 19 else { try Test.cancel("not run: the allocator does not report its use") }
    await #expect(processExitsWith: .success) {
      let bench = try Bench()
      let buffer = try bench.buffer([UInt32](repeating: 0, count: 64))
      let kernel = try bench.kernel("touch", constantBytes: 16) { group in
        group.buffers[0].bindMemory(to: UInt32.self)[group.group.x] &+= 1
      }
      let binding = Binding(buffer, offset: 0, byteCount: 256)
      let constants: [UInt32] = [1, 2, 3, 4]
      var grown: [Int] = []
      for _ in 0..<6 {
        try bench.run { encoder in
          // While the commands are still recorded, so that what they hold is counted.
          let before = heapBytes()
          try constants.withUnsafeBytes { constants in
            try withUnsafePointer(to: binding) { binding in
              for _ in 0..<10_000 {
                try encoder.dispatch(
                  kernel, groups: GridSize(64), constants: constants,
                  bindings: UnsafeBufferPointer(start: binding, count: 1))
              }
            }
          }
          grown.append(heapBytes() - before)
        }
      }
      let values: [UInt32] = try bench.read(buffer, 64)
      print("bytes allocated by 10,000 dispatches, batch by batch:", grown)
      // The first batch has to grow the arrays, which shows that the measure works.
      let steady = grown[0] > 100_000 && grown[5] < 1000
      exit(steady && values == [UInt32](repeating: 60_000, count: 64) ? 0 : 1)
    }
  }
}
#endif
