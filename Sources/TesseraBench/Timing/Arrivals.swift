package import TesseraCore
import TesseraReference
import TesseraRuntime

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// How requests come: back to back, or at random.
package enum Arrivals: String, Sendable, Codable, CaseIterable {
  /// Each run follows the one before.
  case offline
  /// Runs are asked for at random (exponential distances), half as often as the device could serve them.
  case server

  /// Latencies in seconds of random requests: from when a run was due to its end, waiting included.
  package static func latencies(
    of contender: Contender, service: Double, seconds: Double, seed: UInt64
  ) throws(TesseraError) -> [Double] {
    var random = SeededRandom(seed)
    var latencies: [Double] = []
    let started = HostClock.now()
    var due = started
    while latencies.count < 200, HostClock.seconds(since: started) < seconds {
      let wait = -2 * service * log(1 - random.uniform())
      due += UInt64(wait * 1e9)
      while HostClock.now() < due {}
      _ = try contender.run()
      latencies.append(HostClock.seconds(since: due))
    }
    return latencies
  }
}
