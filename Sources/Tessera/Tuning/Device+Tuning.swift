import Logging
package import TesseraCore
package import TesseraKernels

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
