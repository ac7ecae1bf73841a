package import Tessera
package import TesseraCore
import TesseraRuntime

/// What a device can do at most, measured in the same run as the rows it is compared with.
package enum Ceilings {
  /// Bytes read plus bytes written per second by a device-to-device copy.
  package static func copyBandwidth(of device: Device) throws(TesseraError) -> Double {
    // Several times the last-level cache of the device in question.
    let byteCount = device.info.kind == "gpu" ? 1 << 30 : 96 << 20
    let shape = try Shape([byteCount / 4])
    let source = try Tensor(zeros: shape, dtype: .u32, on: device)
    let destination = try Tensor(zeros: shape, dtype: .u32, on: device)
    let contender = Contender(name: "copy", on: device) { () throws(TesseraError) in
      try device.context.copy(from: BufferRange(source.allocation), to: BufferRange(destination.allocation))
    }
    let budget = Measurement.Budget(
      warmup: device.info.kind == "gpu" ? 0.6 : 0.1, total: 0.3, minimumSamples: 5,
      maximumSamples: 50)
    let samples = try Measurement.interleaved([contender], budget: budget)
    let bandwidth = 2 * Double(byteCount) / Statistics(samples[0]).median
    return bandwidth
  }
}
