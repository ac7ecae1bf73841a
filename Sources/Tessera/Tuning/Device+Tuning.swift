import Logging
package import TesseraCore
import TesseraHAL
package import TesseraKernels
import TesseraRuntime

extension Device {
  /// A problem whose plan may follow measurements.
  package enum Tunable: Sendable {
    case gemm(GEMMProblem)
    case attention(AttentionProblem)
    case neighborhood(NeighborhoodProblem)

    package var key: TuningKey {
      switch self {
      case .gemm(let problem): TuningKey(problem)
      case .attention(let problem): TuningKey(problem)
      case .neighborhood(let problem): TuningKey(problem)
      }
    }
  }

  /// Measures a problem's candidates on a device; nil if there is nothing to choose.
  package typealias Tuner = @Sendable (Tunable, Device) throws(TesseraError) -> TuningEntry?

  /// The plan that `make` makes of a device's capabilities and of measurements, with its kernels built.
  /// Where the driver refuses a kernel, what is expected to be fastest takes the place of what was measured,
  /// and kernels that need no tensor cores the place of those that do; the plan's notes say so.
  func prepared(
    for problem: Tunable,
    _ make: (Capabilities, TuningDatabase) throws(TesseraError) -> Plan
  ) throws(TesseraError) -> PreparedPlan {
    var plain = context.capabilities
    plain.tensorTiers = []
    let attempts = [
      (context.capabilities, measurements(for: problem)), (context.capabilities, TuningDatabase()),
      (plain, TuningDatabase()),
    ]
    var refused: [[KernelSpec]] = []
    var refusal: TesseraError?
    for (capabilities, database) in attempts {
      var plan = try make(capabilities, database)
      if refused.contains(plan.kernels) { continue }
      if let refusal { plan.notes.append("the first choice does not build: \(refusal.message)") }
      do throws(TesseraError) {
        return try PlanExecutor.prepare(plan, on: context)
      } catch {
        if error.code == .deviceLost { throw error }
        refused.append(plan.kernels)
        refusal = refusal ?? error
      }
    }
    throw refusal ?? .unsupported("\(problem.key.operation)")
  }

  /// The measurements that the plan of `problem` is to follow. In the modes that measure, a problem that
  /// was not measured on this device yet is measured now if `measuring` says so.
  package func measurements(for problem: Tunable, measuring: Bool = true) -> TuningDatabase {
    switch tuning {
    case .off: return TuningDatabase()
    case .cached: return tunings.database()
    case .onDemand, .full: if !measuring { return tunings.database() }
    }
    let key = problem.key
    let known =
      tuning == .onDemand
      && tunings.database().entries.contains { $0.key == key && $0.device == tuningDevice }
    if !known, info.backend != .cpu, let tuner {
      do throws(TesseraError) {
        if let entry = try tuner(problem, self) { try tunings.add([entry]) }
      } catch {
        // Estimates do as well, only slower.
        context.logger.warning("\(key.operation) was not measured: \(error.message)")
      }
    }
    return tunings.database()
  }

  package var tuningDevice: TuningDevice { TuningDevice(context.capabilities) }
}
