import Tessera
import TesseraCore
import TesseraRuntime

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Runs on copies of the operands in turn, so that none is still in a cache when its turn comes.
struct ColdRuns {
  private let contenders: [Contender]

  /// nil where the operands do not fit the caches anyway, or copies would not fit the memory.
  init?(
    _ subject: Subject, _ report: Examination.Report, on device: Device
  ) throws(TesseraError) {
    let bytes = max(subject.operandBytes, 1)
    let cache = Self.cacheBytes(device)
    guard bytes < 2 * cache else { return nil }
    let sets = min(64, 2 * cache / bytes + 2)
    guard sets * bytes < device.info.memoryBytes / 4 else { return nil }
    var contenders: [Contender] = []
    for _ in 0..<sets {
      var ranges: [BufferRange?] = []
      for range in report.ranges {
        guard let range, range.byteCount > 0 else {
          ranges.append(range)
          continue
        }
        let padded = (range.byteCount + 3) & ~3
        let copy = BufferRange(
          try device.context.allocate(byteCount: padded), offset: 0, byteCount: padded)
        try device.context.copy(
          from: BufferRange(range.allocation, offset: range.offset, byteCount: padded), to: copy)
        ranges.append(BufferRange(copy.allocation, offset: 0, byteCount: range.byteCount))
      }
      let own = ranges
      contenders.append(
        Contender(name: "cold", on: device) { () throws(TesseraError) in try subject.run(own) })
    }
    try device.synchronize()
    self.contenders = contenders
  }

  /// Seconds of runs, one set after the other.
  func samples(seconds: Double, most: Int) throws(TesseraError) -> [Double] {
    var result: [Double] = []
    let started = HostClock.now()
    repeat {
      result.append(try contenders[result.count % contenders.count].run())
    } while result.count < most && (result.count < 2 || HostClock.seconds(since: started) < seconds)
    return result
  }

  /// Whether a row's operands are so large that caches hardly matter.
  static func exceedsCaches(_ row: BenchRow, _ device: Device) -> Bool {
    (row.operandBytes ?? 0) > 8 * cacheBytes(device) || row.limit == "arithmetic"
  }

  /// Bytes of the last-level cache: the host's for devices that run on it, 64 MiB for GPUs, none of
  /// which has more today.
  static func cacheBytes(_ device: Device) -> Int {
    guard device.info.kind != "gpu" else { return 64 << 20 }
    guard let file = fopen("/sys/devices/system/cpu/cpu0/cache/index3/size", "r") else {
      return 32 << 20
    }
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 32)
    guard fgets(&buffer, 32, file) != nil else { return 32 << 20 }
    let digits = buffer.prefix { (48...57).contains($0) }.reduce(0) { $0 * 10 + Int($1) - 48 }
    return digits > 0 ? digits << 10 : 32 << 20
  }
}
