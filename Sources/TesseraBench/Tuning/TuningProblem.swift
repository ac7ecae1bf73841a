package import Tessera
package import TesseraCore
package import TesseraHAL
package import TesseraKernels

/// A problem to tune: what the planner offers for it, and how a candidate is run and judged.
package struct TuningProblem {
  package var tunable: Device.Tunable
  private let makeSubject: (PreparedPlan, Device) throws(TesseraError) -> Subject
  private let offered: [Plan]?

  /// - Parameter candidates: plans in place of the planner's.
  package init(
    _ tunable: Device.Tunable, candidates: [Plan]? = nil,
    subject: @escaping (PreparedPlan, Device) throws(TesseraError) -> Subject
  ) {
    self.tunable = tunable
    offered = candidates
    makeSubject = subject
  }

  /// The same problem with other plans to choose from.
  package func offering(_ candidates: [Plan]) -> TuningProblem {
    TuningProblem(tunable, candidates: candidates, subject: makeSubject)
  }

  package func subject(
    _ prepared: PreparedPlan, on device: Device
  ) throws(TesseraError) -> Subject {
    try makeSubject(prepared, device)
  }

  package func candidates(_ capabilities: Capabilities) throws(TesseraError) -> [Plan] {
    if let offered { return offered }
    return switch tunable {
    case .gemm(let problem): try GEMMPlanner.candidates(problem, capabilities)
    case .attention(let problem): try AttentionPlanner.candidates(problem, capabilities)
    case .neighborhood(let problem): try NeighborhoodPlanner.candidates(problem, capabilities)
    }
  }
}
