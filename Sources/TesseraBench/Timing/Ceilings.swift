package import Tessera
package import TesseraCore
import TesseraHAL
package import TesseraKernels
import TesseraReference
import TesseraRuntime

/// What a device can do at most, measured in the same run as the rows it is compared with.
package struct Ceilings: Sendable, Codable, Hashable {
  /// Bytes read plus bytes written per second by a device-to-device copy.
  package var copy: Double
  /// Bytes per second of a kernel that only reads, and of one that only writes.
  package var read: Double
  package var write: Double
  /// f32 operations per second of chained fma in registers.
  package var fma: Double
  /// Seconds from starting one small dispatch to having waited for it.
  package var launch: Double

  /// The best of the three bandwidths.
  package var bandwidth: Double { max(copy, max(read, write)) }

  /// Seconds that a plan's bytes, and its operations, take at least. Kernels of other tiers than the
  /// portable one multiply in units that the f32 peak says nothing of: 0 for them.
  package func bound(of plan: Plan) -> (memory: Double, arithmetic: Double) {
    (plan.bytes / bandwidth, plan.tier == "portable" ? plan.flopsNeeded / fma : 0)
  }

  /// Not measured, where rows are not compared with them.
  package static let unknown = Ceilings(copy: 1, read: 1, write: 1, fma: 1, launch: 0)

  private init(copy: Double, read: Double, write: Double, fma: Double, launch: Double) {
    (self.copy, self.read, self.write, self.fma, self.launch) = (copy, read, write, fma, launch)
  }

  /// Measures all of them; about a second.
  package init(of device: Device) throws(TesseraError) {
    let gpu = device.info.kind == "gpu"
    let bytes = gpu ? 1 << 30 : 64 << 20
    let memory = try Memory(byteCount: bytes, on: device)
    copy = 2 * Double(bytes) / (try memory.copy())
    let n = bytes / 4
    let loops = device.context.capabilities.backend == .cpu ? 8 : 32
    let invocations = 64 * loops * max(device.info.computeUnits, 1)
    let problems = (
      read: try HPCProblem(.read, n: n), write: try HPCProblem(.write, n: n),
      fma: try HPCProblem(.fma, n: invocations, steps: 2048)
    )
    read = Double(bytes) / (try memory.time(problems.read, [memory.source, memory.destination]))
    write = Double(bytes) / (try memory.time(problems.write, [memory.destination]))
    fma = problems.fma.flops / (try memory.time(problems.fma, [memory.destination]))
    launch = try memory.launch()
  }

  /// Two arrays far larger than any cache.
  private struct Memory {
    let device: Device
    let source: BufferRange
    let destination: BufferRange
    let budget: TimingBudget

    init(byteCount: Int, on device: Device) throws(TesseraError) {
      self.device = device
      let shape = try Shape([byteCount / 4])
      source = try Tensor(zeros: shape, dtype: .u32, on: device).contiguousRange("source")
      destination = try Tensor(zeros: shape, dtype: .u32, on: device).contiguousRange("target")
      budget = TimingBudget(warmup: device.info.kind == "gpu" ? 0.4 : 0.05, total: 0.15)
    }

    func copy() throws(TesseraError) -> Double {
      try best(
        Contender(name: "copy", on: device) { () throws(TesseraError) in
          try device.context.copy(from: source, to: destination)
        })
    }

    func time(_ problem: HPCProblem, _ ranges: [BufferRange?]) throws(TesseraError) -> Double {
      let plan = try HPCPlanner.plan(problem, device.context.capabilities)
      let prepared = try PlanExecutor.prepare(plan, on: device.context)
      return try best(
        Contender(name: "ceiling", on: device) { () throws(TesseraError) in
          try PlanExecutor.execute(prepared, operands: ranges, on: device.context)
        })
    }

    /// Wall time of one small dispatch with its wait.
    func launch() throws(TesseraError) -> Double {
      let plan = try HPCPlanner.plan(
        try HPCProblem(.write, n: 64), device.context.capabilities)
      let prepared = try PlanExecutor.prepare(plan, on: device.context)
      var samples: [Double] = []
      for _ in 0..<30 {
        let started = HostClock.now()
        try PlanExecutor.execute(prepared, operands: [destination], on: device.context)
        try device.synchronize()
        samples.append(HostClock.seconds(since: started))
      }
      return Statistics(samples).median
    }

    /// A ceiling is what the device reaches at best, so that no row seems better than it is.
    private func best(_ contender: Contender) throws(TesseraError) -> Double {
      _ = try Warmup.run(contender, seconds: budget.warmup)
      var samples: [Double] = []
      let started = HostClock.now()
      repeat {
        samples.append(try contender.run())
      } while samples.count < 2
        || (HostClock.seconds(since: started) < budget.total && samples.count < 40)
      return Statistics(samples).min
    }
  }
}
