package import TesseraCore
package import TesseraHAL
package import TesseraKernels
import TesseraRuntime

/// Plans that give way to others where the driver refuses one of their kernels.
extension Device {
  /// The plan that `make` makes of capabilities and measurements, with its kernels built. Where the driver
  /// refuses a kernel, what is expected to be fastest takes the place of what was measured, and kernels
  /// without tensor cores the place of those with; the plan's notes say so.
  package func prepared(
    for problem: Tunable, _ make: (Capabilities, TuningDatabase) throws(TesseraError) -> Plan
  ) throws(TesseraError) -> PreparedPlan {
    let measured = measurements(for: problem)
    let databases = measured.entries.isEmpty ? [measured] : [measured, TuningDatabase()]
    return try prepared(databases, make)
  }

  /// The same without measurements.
  func prepared(
    _ make: (Capabilities) throws(TesseraError) -> Plan
  ) throws(TesseraError) -> PreparedPlan {
    try prepared([TuningDatabase()]) { capabilities, _ throws(TesseraError) in try make(capabilities) }
  }

  private func prepared(
    _ databases: [TuningDatabase],
    _ make: (Capabilities, TuningDatabase) throws(TesseraError) -> Plan
  ) throws(TesseraError) -> PreparedPlan {
    var attempts = databases.map { (context.capabilities, $0) }
    if context.capabilities.tensorTiers?.isEmpty == false {
      var plain = context.capabilities
      plain.tensorTiers = []
      attempts.append((plain, TuningDatabase()))
    }
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
    throw refusal ?? .unsupported("a plan without kernels")
  }
}
