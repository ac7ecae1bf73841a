import Synchronization
import TesseraRuntime

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// `TESSERA_TRACE=FILE` makes any program that uses the library write a trace of all its commands when
/// it ends, without a change of its own.
enum TraceFile {
  private static let contexts = Mutex<[DeviceContext]>([])

  /// Traces the device from now on, if the environment asks for it.
  static func register(_ context: DeviceContext) {
    guard Environment.value("TESSERA_TRACE") != nil else { return }
    context.trace.setOn(true)
    let first = contexts.withLock { contexts in
      contexts.append(context)
      return contexts.count == 1
    }
    // Drivers register their own before, when they are loaded: this runs while they still work.
    if first { atexit { TraceFile.write() } }
  }

  private static func write() {
    guard let path = Environment.value("TESSERA_TRACE"), let file = fopen(path, "w") else { return }
    defer { fclose(file) }
    var lines: [String] = []
    for (index, context) in contexts.withLock({ $0 }).enumerated() {
      // What failed has no times; the rest is worth having.
      try? context.synchronize()
      lines += context.trace.chromeEvents(deviceName: context.name, process: index + 1)
    }
    fputs("[\n" + lines.joined(separator: ",\n") + "\n]\n", file)
  }
}
