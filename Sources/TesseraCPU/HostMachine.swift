import CTesseraSIMD
import TesseraCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What this process may use of the machine it runs on.
enum HostMachine {
  /// Threads to compute with: `TESSERA_CPU_THREADS` if that is a number from 1 to 1024, otherwise
  /// the processors this process may run on.
  static var threadCount: Int {
    if let text = Environment.value("TESSERA_CPU_THREADS"), let count = Int(text),
      (1...1024).contains(count)
    {
      return count
    }
    return processorCount
  }

  /// Processors this process may run on: its affinity mask, bounded by the control group's quota.
  static var processorCount: Int {
    var count = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    let allowed = Int(tessera_affinity_count())
    if allowed > 0 { count = allowed }
    // "200000 100000": microseconds of processor time per period; "max" without a limit.
    let quota = firstLine(of: "/sys/fs/cgroup/cpu.max")?.split(separator: " ") ?? []
    if quota.count == 2, let share = Int(quota[0]), let period = Int(quota[1]), period > 0 {
      count = min(count, max(1, (share + period - 1) / period))
    }
    return count
  }

  /// Bytes of physical memory, bounded by the control group's limit.
  static var memoryBytes: Int {
    let pages = sysconf(Int32(_SC_PHYS_PAGES))
    let pageSize = sysconf(Int32(_SC_PAGESIZE))
    let (product, overflow) = pages.multipliedReportingOverflow(by: pageSize)
    let physical = overflow || product <= 0 ? 1 << 30 : product
    if let text = firstLine(of: "/sys/fs/cgroup/memory.max"), let limit = Int(text), limit > 0 {
      return min(physical, limit)
    }
    return physical
  }

  /// Bytes the system could still hand out without swapping; nil where it does not say.
  static var availableMemoryBytes: Int? {
    guard let text = contents(of: "/proc/meminfo"),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemAvailable:") }),
      let kibibytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    else { return nil }
    return kibibytes << 10
  }

  /// The processor's name, from the system.
  static var processorName: String {
    let lines = (contents(of: "/proc/cpuinfo") ?? "").split(separator: "\n")
    for line in lines where line.hasPrefix("model name") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let name = line[line.index(after: colon)...].drop { $0 == " " }
      if !name.isEmpty { return String(name) }
    }
    return "CPU"
  }

  /// Floats per vector register of the code that the loader chose.
  static var vectorWidth: Int { Int(tessera_vector_width()) }

  private static func firstLine(of path: String) -> String? {
    contents(of: path)?.split(separator: "\n").first.map(String.init)
  }

  /// The text of a small system file, at most 256 KiB of it.
  private static func contents(of path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    let bytes = [UInt8](unsafeUninitializedCapacity: 256 << 10) { memory, count in
      guard let base = memory.baseAddress else { return }
      count = fread(base, 1, memory.count, file)
    }
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }
}
