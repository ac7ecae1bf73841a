package import TesseraCore
package import TesseraHAL

/// What the forms of a tier of tensor-core kernels have in common.
package protocol TensorGEMMForm: Sendable, Hashable {
  /// Every form worth considering, whatever the problem.
  static var all: [Self] { get }
  /// Why no form of the tier can compute `problem` on such a device; nil if one can.
  static func violation(_ problem: GEMMProblem, on capabilities: Capabilities) -> String?
  var tileM: Int { get }
  var tileN: Int { get }
  /// Parts of K that are summed side by side and joined by a second kernel.
  var splits: Int { get set }
  /// Why this form cannot run on such a device; nil if it can.
  func violation(on capabilities: Capabilities) -> String?
  /// Estimated time in clock cycles: of the busiest compute unit, or of the memory, and what comes once.
  func cost(_ problem: GEMMProblem, _ capabilities: Capabilities) -> Double
  /// - Throws: `overLimit` for what the device cannot bind or launch.
  func plan(_ problem: GEMMProblem, _ capabilities: Capabilities) throws(TesseraError) -> Plan
}

extension TensorGEMMForm {
  /// Tiles of D of one batch entry.
  func tiles(_ problem: GEMMProblem) -> Int {
    let rows = (problem.m + tileM - 1) / tileM
    return rows.multipliedSaturating((problem.n + tileN - 1) / tileN)
  }

  /// Products of one part of K: whole steps of 64.
  func productsPerPart(_ problem: GEMMProblem) -> Int {
    let steps = (problem.k + 63) / 64
    return (steps + splits - 1) / splits * 64
  }

  /// The form with K cut into `count` parts, none of them empty; nil if that cannot be.
  func cut(into count: Int, _ problem: GEMMProblem) -> Self? {
    var form = self
    form.splits = count
    return form.productsPerPart(problem) * (count - 1) < problem.k ? form : nil
  }

  /// The form with K cut into as many parts as make use of idle compute units, where that is faster.
  private func cut(_ problem: GEMMProblem, _ capabilities: Capabilities) -> Self {
    let steps = (problem.k + 63) / 64
    var best = self
    var bestCost = cost(problem, capabilities)
    for count in [2, 3, 4, 5, 6, 8, 12, 16, 24, 32] where count * 4 <= steps {
      guard let form = cut(into: count, problem) else { continue }
      let cost = form.cost(problem, capabilities)
      if cost < bestCost { (best, bestCost) = (form, cost) }
    }
    return best
  }

  /// Plans of every form, whole and with K cut into any usual number of parts, that is not expected to
  /// take more than three times as long as the best: what a tuner tries. Cheapest first.
  static func search(
    _ problem: GEMMProblem, _ capabilities: Capabilities
  ) -> [(plan: Plan, cost: Double)] {
    let steps = (problem.k + 63) / 64
    var forms: [(form: Self, cost: Double)] = []
    for form in all where form.violation(on: capabilities) == nil {
      for count in [1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32] where count == 1 || count * 2 <= steps {
        guard let cut = form.cut(into: count, problem) else { continue }
        forms.append((cut, cut.cost(problem, capabilities)))
      }
    }
    forms.sort { ($0.cost, $0.form.order) < ($1.cost, $1.form.order) }
    let limit = 3 * (forms.first?.cost ?? 0)
    return forms.filter { $0.cost <= limit }.prefix(searchLimit).compactMap { entry in
      (try? entry.form.plan(problem, capabilities)).map { ($0, entry.cost) }
    }
  }
  /// Dozens, not thousands.
  private static var searchLimit: Int { 32 }

  /// Tells forms of equal cost apart, so that a plan is a function of its inputs alone.
  private var order: Int { (tileM * 1024 + tileN) * 64 + splits }

  /// Plans of the tier's forms, whole and with K cut, cheapest first. Forms that the device cannot bind
  /// are left out: the portable kernels cut such problems into pieces.
  static func plans(
    _ problem: GEMMProblem, _ capabilities: Capabilities
  ) -> [(plan: Plan, cost: Double)] {
    var forms: [(form: Self, cost: Double)] = []
    for form in all where form.violation(on: capabilities) == nil {
      forms.append((form, form.cost(problem, capabilities)))
      let cut = form.cut(problem, capabilities)
      if cut != form { forms.append((cut, cut.cost(problem, capabilities))) }
    }
    forms.sort { ($0.cost, $0.form.order) < ($1.cost, $1.form.order) }
    return forms.compactMap { entry in
      (try? entry.form.plan(problem, capabilities)).map { ($0, entry.cost) }
    }
  }

  /// Plans of the tier's forms in the table's order, K cut into `splits` parts where that can be.
  static func plans(
    _ problem: GEMMProblem, _ capabilities: Capabilities, splits: Int
  ) -> [Plan] {
    all.filter { $0.violation(on: capabilities) == nil }.compactMap {
      try? ($0.cut(into: splits, problem) ?? $0).plan(problem, capabilities)
    }
  }
}
