package import Tessera
import TesseraConformance
import TesseraCore
package import TesseraKernels
import TesseraRuntime

/// Measures the candidates of one problem.
///
/// Each candidate is examined first as a bench row is: against the oracle, between guard bytes, with new
/// data behind the same pointers. Only those that are right are timed, in turns on the same memory, so
/// that a device that warms up or slows down does so for all. After every round those that are certainly
/// slower drop out; the end is reached when one is left, when rounds or time are used up, or when the best
/// is as good as the device's ceilings allow.
package struct Tuner {
  /// How long and how thoroughly to measure.
  package struct Limits: Sendable {
    /// Seconds for the samples of all candidates together.
    package var seconds = 3.0
    /// Rounds at most.
    package var rounds = 6
    /// Runs that take longer than this many times the best candidate's are not repeated.
    package var hopeless = 4.0
    /// Seconds that one run of one candidate may take.
    package var perRun = 20.0
    /// Share of the ceilings at which nothing more is to be won.
    package var enough = 0.97

    package init() {}
  }

  /// Tells what is done: candidates examined or timed, out of all.
  package typealias Progress = (_ done: Int, _ of: Int, _ form: String) -> Void

  /// Tries a risky form where nothing is lost by a crash; says why it is not to be used, if so.
  package typealias Screen = (_ form: String) throws(TesseraError) -> String?

  private let device: Device
  private let limits: Limits
  private let seed: UInt64
  private let screen: Screen?
  private let ceilings: Ceilings?

  /// - Parameters:
  ///   - ceilings: the device's, to stop where nothing more is to be won; nil does not stop for them.
  ///   - screen: asked before a form of a tier other than the portable one is built here.
  package init(
    on device: Device, limits: Limits = Limits(), seed: UInt64 = 1, ceilings: Ceilings? = nil,
    screen: Screen? = nil
  ) {
    self.device = device
    self.limits = limits
    self.seed = seed
    self.ceilings = ceilings
    self.screen = screen
  }

  /// Examines the candidate of this form alone and times nothing.
  /// - Returns: why it is not to be used; nil if it is right.
  /// - Throws: `invalidArgument` if there is no such candidate.
  package func probe(_ form: String, of problem: TuningProblem) throws(TesseraError) -> String? {
    let plans = try problem.candidates(device.context.capabilities)
    guard let plan = plans.first(where: { $0.form == form }) else {
      throw .invalidArgument("form", got: "\"\(form)\"", allowed: "one of the candidates")
    }
    switch try examine(plan, problem) {
    case .right: return nil
    case .dropped(let reason): return reason
    }
  }

  /// Measures `problem`.
  /// - Returns: nil if there are fewer than two candidates, or there is nothing to do.
  /// - Throws: `driver` with the reasons if no candidate gives the right result.
  package func measure(
    _ problem: TuningProblem, progress: Progress = { _, _, _ in }
  ) throws(TesseraError) -> TuningEntry? {
    let plans = try problem.candidates(device.context.capabilities)
    let forms = plans.compactMap(\.form)
    guard plans.count > 1, forms.count == plans.count,
      plans.allSatisfy({ !$0.dispatches.isEmpty })
    else { return nil }
    let bounds = ceilings.map { ceilings in
      plans.map { plan in
        let bound = ceilings.bound(of: plan)
        return max(bound.memory, bound.arithmetic)
      }
    }
    var field = TuningField(limits: limits, bound: bounds?.min())
    // All run over the memory that the first right one was examined on.
    var memory: [BufferRange?]?
    for (index, (plan, form)) in zip(plans, forms).enumerated() {
      progress(index, plans.count, form)
      if plan.tier != "portable", let reason = try screen?(form) {
        field.add(.init(form: form, dropped: reason))
        continue
      }
      switch try examine(plan, problem) {
      case .dropped(let reason): field.add(.init(form: form, dropped: reason))
      case .right(let prepared, let ranges):
        let shared = memory ?? ranges
        memory = shared
        let device = device
        field.add(
          .init(
            form: form,
            contender: Contender(name: form, on: device) { () throws(TesseraError) in
              try PlanExecutor.execute(prepared, operands: shared, on: device.context)
            }))
      }
    }
    try field.race(on: device)
    guard let best = field.best else {
      throw .driver(
        "every candidate of \(problem.tunable.key.operation)", status: field.reasons)
    }
    return TuningEntry(
      device: device.tuningDevice, key: problem.tunable.key, form: best,
      checksum: TuningEntry.checksum(of: forms), candidates: field.outcome)
  }

  private enum Outcome {
    /// With the memory of the examination.
    case right(PreparedPlan, [BufferRange?])
    case dropped(String)
  }

  /// Builds one candidate and compares it with the oracle.
  private func examine(
    _ plan: Plan, _ problem: TuningProblem
  ) throws(TesseraError) -> Outcome {
    do throws(TesseraError) {
      let prepared = try PlanExecutor.prepare(plan, on: device.context)
      let started = HostClock.now()
      let report = try Examination(
        try problem.subject(prepared, on: device), on: device, seed: seed
      ).report()
      guard report.passed else {
        let finding = report.findings.first { $0.fails }?.description ?? report.verification.summary
        return .dropped("wrong: \(finding)")
      }
      if HostClock.seconds(since: started) > 16 * limits.perRun {
        return .dropped("takes too long")
      }
      return .right(prepared, report.ranges)
    } catch {
      // A form that the driver refuses is no candidate; a lost device ends everything.
      guard error.code != .deviceLost else { throw error }
      return .dropped(error.message)
    }
  }
}
