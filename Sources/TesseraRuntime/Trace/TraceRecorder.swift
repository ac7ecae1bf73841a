import Synchronization
import TesseraCore
import TesseraHAL

/// Collects host and device times of commands and writes them as a Chrome trace (JSON array form,
/// read by Perfetto and chrome://tracing).
///
/// Device times are on the device's own clock; the device track is shifted so that its first command
/// starts when it was recorded, as neither API offers a common clock everywhere.
package final class TraceRecorder: Sendable {
  struct Pending: Sendable {
    var label: String
    var path: [String]
    var slot: Int
    var bytes: Int
    var recordedAt: UInt64
  }
  struct Event: Sendable {
    var label: String
    var path: [String]
    var bytes: Int
    var recordedAt: UInt64
    var start: UInt64
    var end: UInt64
  }

  private let on = Atomic<Bool>(false)
  private let events = Mutex<[Event]>([])

  package init() {}

  /// Whether commands are being recorded. Turn on before the commands of interest.
  package var isOn: Bool { on.load(ordering: .relaxed) }
  package func setOn(_ value: Bool) { on.store(value, ordering: .relaxed) }

  /// Number of completed commands in the trace.
  package var count: Int { events.withLock { $0.count } }

  /// Takes the times of a finished batch.
  func collect(_ result: BatchResult) {
    guard !result.traceEntries.isEmpty, let timings = try? result.commands?.timings() else { return }
    events.withLock { events in
      for entry in result.traceEntries where entry.slot < timings.count {
        guard let timing = timings[entry.slot] else { continue }
        events.append(
          Event(
            label: entry.label, path: entry.path, bytes: entry.bytes, recordedAt: entry.recordedAt,
            start: timing.start, end: timing.end))
      }
    }
    result.traceEntries = []
  }

  /// The trace as JSON text; times in microseconds from the first recorded command.
  package func chromeJSON(deviceName: String) -> String {
    "[\n" + chromeEvents(deviceName: deviceName, process: 1).joined(separator: ",\n") + "\n]\n"
  }

  /// The trace's lines, under a process number that tells devices of one file apart.
  package func chromeEvents(deviceName: String, process: Int) -> [String] {
    let all = events.withLock { $0 }
    let hostOrigin = all.map(\.recordedAt).min() ?? 0
    let deviceOrigin = all.map(\.start).min() ?? 0
    func microseconds(_ nanoseconds: UInt64) -> String {
      "\(nanoseconds / 1000).\(String(nanoseconds % 1000 + 1000).dropFirst())"
    }
    var lines = [
      #"{"name":"process_name","ph":"M","pid":\#(process),"args":{"name":\#(quoted(deviceName))}}"#,
      #"{"name":"thread_name","ph":"M","pid":\#(process),"tid":1,"args":{"name":"host: record"}}"#,
      #"{"name":"thread_name","ph":"M","pid":\#(process),"tid":2,"args":{"name":"device"}}"#,
    ]
    for event in all {
      let name = quoted((event.path + [event.label]).joined(separator: "/"))
      lines.append(
        #"{"name":\#(name),"ph":"i","s":"t","pid":\#(process),"tid":1,"ts":\#(microseconds(event.recordedAt - hostOrigin))}"#
      )
      lines.append(
        #"{"name":\#(name),"ph":"X","pid":\#(process),"tid":2,"ts":\#(microseconds(event.start - deviceOrigin)),"#
          + #""dur":\#(microseconds(event.end - event.start)),"args":{"bytes":\#(event.bytes)}}"#)
    }
    return lines
  }

  private func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case let control where control.value < 0x20: out += " "
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
}
