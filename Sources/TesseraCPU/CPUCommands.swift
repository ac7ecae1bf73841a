package import TesseraCore
import TesseraHAL

/// Finished commands; their recording goes back to the device's pool with the last reference.
package final class CPUCommands: HALCommands {
  let recording: Recording
  private let pool: RecordingPool

  init(recording: Recording, pool: RecordingPool) {
    self.recording = recording
    self.pool = pool
  }

  deinit { pool.recycle(recording) }

  package func timings() throws(TesseraError) -> [(start: UInt64, end: UInt64)?] {
    recording.times.map { $0.end == 0 ? nil : $0 }
  }
}
