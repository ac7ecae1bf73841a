package import Tessera
package import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraRuntime

/// The cost of one dispatch in a long batch, with a kernel that does next to nothing.
package enum LaunchBench {
  /// Times `count` dispatches, several times over.
  ///
  /// `ms` is the host time of recording and submitting one dispatch, driver calls included and the
  /// final wait excluded; the note gives the time with the wait.
  package static func run(on device: Device, count: Int = 4096) throws(TesseraError) -> BenchRow {
    let context = device.context
    let source = try Tensor(zeros: [64], dtype: .u32, on: device)
    let destinations = try (0..<8).map { _ throws(TesseraError) in
      try Tensor(zeros: [64], dtype: .u32, on: device)
    }
    let plan = try StridedCopy.plan(
      shape: [64], strides: [1], dtype: .u32, elementOffset: 0, sourceBytes: 256,
      context.capabilities)
    let prepared = try PlanExecutor.prepare(plan, on: context)
    let (kernel, dispatch) = (prepared.kernels[0], plan.dispatches[0])
    // Different outputs in turn: independent dispatches, as in a real batch, need no barriers.
    var ranges: [[BufferRange]] = []
    for destination in destinations {
      ranges.append([
        try source.contiguousRange("source"), try destination.contiguousRange("destination"),
      ])
    }
    var record: [Double] = []
    var total: [Double] = []
    for round in 0..<12 {
      let started = HostClock.now()
      for index in 0..<count {
        try dispatch.constants.withUnsafeBufferPointer { constants throws(TesseraError) in
          try ranges[index % ranges.count].withUnsafeBufferPointer { ranges throws(TesseraError) in
            try context.dispatch(
              kernel, groups: dispatch.grid, constants: UnsafeRawBufferPointer(constants),
              ranges: ranges)
          }
        }
      }
      try context.flush()
      let recorded = HostClock.now()
      try context.synchronize()
      // The first rounds fill the pools.
      guard round >= 2 else { continue }
      record.append(Double(recorded - started) * 1e-9 / Double(count))
      total.append(Double(HostClock.now() - started) * 1e-9 / Double(count))
    }
    let (host, all) = (Statistics(record), Statistics(total))
    let kernels = device.kernelStatistics
    let info = device.info
    var row = BenchRow(
      op: "launch", title: "\(count) dispatches", case: ["count": .int(count)], dtype: "u32",
      backend: info.backend.rawValue, device: info.name, driver: info.driver,
      plan: .init(kernel: "strided_copy", tier: "portable", schedule: "strided", tile: plan.tile),
      timer: "host",
      verified: try destinations[0].values(as: UInt32.self).allSatisfy { $0 == 0 },
      commit: Provenance.commit(), command: Provenance.command(), seed: 0)
    row.ms = host.scaled(by: 1e3)
    row.kernels = .init(compiled: kernels.compiled, cacheHits: kernels.cacheHits)
    row.note =
      "host \(microseconds(host.median)) µs per dispatch to record and submit, "
      + "\(microseconds(all.median)) µs with the wait"
    return row
  }

  private static func microseconds(_ seconds: Double) -> String {
    let hundredths = Int((seconds * 1e8).rounded())
    return "\(hundredths / 100).\(hundredths / 10 % 10)\(hundredths % 10)"
  }
}
