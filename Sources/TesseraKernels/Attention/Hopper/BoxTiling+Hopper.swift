package import TesseraCore
package import TesseraHAL

extension BoxTiling {
  /// Tilings of the tensor cores' forms, boxes not chosen yet; none where they cannot do the pass.
  static func onTensorCores(
    _ pass: BoxPass, _ problem: BoxProblem, _ capabilities: Capabilities
  ) -> [BoxTiling] {
    guard HopperAttentionForm.violation(pass, problem, capabilities) == nil else { return [] }
    return HopperAttentionForm.all(
      headDim: problem.headDim, valueDim: problem.valueDim, capabilities
    ).map { form in
      var form = form
      form.boxCopies = HopperAttentionForm.takesBoxes(problem)
      return BoxTiling(pass, form, headDim: problem.headDim, valueDim: problem.valueDim)
    }
  }

  /// The tiling of one form, boxes not chosen yet.
  init(_ pass: BoxPass, _ form: HopperAttentionForm, headDim: Int, valueDim: Int) {
    self.init(
      pass: pass, workR: 1, workC: 1, blockR: 1, blockC: 1, blockV: 1, blockD: 1, stepD: 16,
      stepC: 1, resident: true, lanes: 1, width: 1, grain: 8, headDim: headDim,
      valueDim: valueDim, hopper: form)
  }

  /// Tilings of every form of the tensor cores, copies by box and by vector, each with its best boxes: what
  /// tests compare with the oracle. None where they cannot do the pass.
  static func tensorForms(
    _ pass: BoxPass, _ problem: BoxProblem, _ capabilities: Capabilities
  ) -> [BoxTiling] {
    // The search is long, and finds nothing on most devices.
    guard HopperAttentionForm.violation(pass, problem, capabilities) == nil else { return [] }
    var best: [HopperAttentionForm: (tiling: BoxTiling, cost: Double)] = [:]
    var order: [HopperAttentionForm] = []
    _ = each(pass, problem, capabilities) { tiling, cost in
      guard let form = tiling.hopper else { return }
      if best[form] == nil { order.append(form) }
      if cost < best[form]?.cost ?? .infinity { best[form] = (tiling, cost) }
    }
    return order.compactMap { best[$0]?.tiling }.flatMap { tiling in
      var plain = tiling
      plain.hopper?.boxCopies = false
      return plain == tiling ? [tiling] : [tiling, plain]
    }
  }
}

extension AttentionPlanner {
  /// Plans of `problem` with every form of the tensor cores; none where they cannot do it.
  package static func tensorForms(
    _ problem: AttentionProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> [Plan] {
    let tilings = BoxTiling.tensorForms(.forward, BoxProblem(problem), capabilities)
    return try BoxTiling.plans(tilings) { tiling throws(TesseraError) in
      try plan(problem, capabilities, tiling: tiling)
    }
  }
}

extension NeighborhoodPlanner {
  /// Plans of `problem` with every form of the tensor cores; none where they cannot do it.
  package static func tensorForms(
    _ problem: NeighborhoodProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> [Plan] {
    let tilings = BoxTiling.tensorForms(.forward, BoxProblem(problem), capabilities)
    return try BoxTiling.plans(tilings) { tiling throws(TesseraError) in
      try plan(problem, capabilities, tiling: tiling)
    }
  }
}
