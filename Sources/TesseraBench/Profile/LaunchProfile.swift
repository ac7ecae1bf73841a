package import TesseraCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What a trace says about launching: how long commands waited, how long they ran, how long the device
/// did nothing between.
package struct LaunchProfile: Sendable, Codable {
  package struct Kernel: Sendable, Codable {
    package var name: String
    package var count: Int
    package var ms: Double
    /// Of the time in which anything ran.
    package var share: Double
  }

  package var commands: Int
  /// Milliseconds from recording a command to its start, added up. Host and device have no common clock:
  /// the command that waited least is taken to have waited not at all, so this is a lower bound.
  package var launchAndQueueMs: Double
  /// Milliseconds in which commands ran, added up.
  package var kernelMs: Double
  /// Milliseconds from the first command's start to the last one's end.
  package var spanMs: Double
  /// Milliseconds from recording the first command to recording the last.
  package var recordMs: Double
  /// Share of the span in which nothing ran.
  package var idleShare: Double
  /// By time, the longest first.
  package var kernels: [Kernel]

  private struct Event: Decodable {
    var name: String
    var ph: String
    var pid: Int
    var ts: Double?
    var dur: Double?
  }

  /// Reads a trace of `Device.stopTrace`, of `tessera profile` or of `TESSERA_TRACE`.
  /// - Throws: `malformedData` if it is none.
  package init(trace: [UInt8]) throws(TesseraError) {
    let events: [Event]
    do {
      events = try JSONDecoder().decode([Event].self, from: Data(trace))
    } catch {
      throw .malformed("trace", reason: "\(error)")
    }
    (commands, launchAndQueueMs, kernelMs, spanMs, recordMs) = (0, 0, 0, 0, 0)
    var byName: [String: (count: Int, time: Double)] = [:]
    for process in Set(events.map(\.pid)).sorted() {
      let own = events.filter { $0.pid == process }
      let (host, device) = (own.filter { $0.ph == "i" }, own.filter { $0.ph == "X" })
      guard host.count == device.count else {
        throw .malformed(
          "trace", reason: "\(host.count) commands recorded and \(device.count) run")
      }
      let waits = zip(host, device).map { ($1.ts ?? 0) - ($0.ts ?? 0) }
      let least = waits.min() ?? 0
      launchAndQueueMs += waits.reduce(0) { $0 + $1 - least } * 1e-3
      commands += device.count
      let starts = device.compactMap(\.ts)
      let ends = device.map { ($0.ts ?? 0) + ($0.dur ?? 0) }
      spanMs += ((ends.max() ?? 0) - (starts.min() ?? 0)) * 1e-3
      let recorded = host.compactMap(\.ts)
      recordMs += ((recorded.max() ?? 0) - (recorded.min() ?? 0)) * 1e-3
      for event in device {
        let time = (event.dur ?? 0) * 1e-3
        kernelMs += time
        let name = event.name.split(separator: "/").last.map(String.init) ?? event.name
        byName[name, default: (0, 0)].count += 1
        byName[name, default: (0, 0)].time += time
      }
    }
    idleShare = spanMs > 0 ? max(0, 1 - kernelMs / spanMs) : 0
    let total = kernelMs
    kernels = byName.map { name, sum in
      Kernel(
        name: name, count: sum.count, ms: sum.time, share: total > 0 ? sum.time / total : 0)
    }.sorted { ($0.ms, $1.name) > ($1.ms, $0.name) }
  }
}
