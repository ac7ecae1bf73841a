package import TesseraCore

/// Where the tensors of an attention over boxes are.
package typealias BoxOperands = PassOperands<BoxPass.Role>

extension PassOperands where Role == BoxPass.Role {
  /// The operands of dense attention; `delta` is where the backward pass keeps δ.
  package init(
    _ problem: AttentionProblem, delta: Plan.Source? = nil
  ) throws(TesseraError) {
    self.init()
    // A packed batch is one entry.
    func own(_ dimensions: [Int]) -> [Int] { problem.packed ? dimensions : Array(dimensions.dropFirst()) }
    func source(_ operand: Plan.AttentionOperand) -> Plan.Source { .operand(operand.rawValue) }
    let (q, k) = (own(problem.queryDimensions), own(problem.keyDimensions))
    let (v, o) = (own(problem.valueDimensions), own(problem.outputDimensions))
    try add(.q, source(.q), q, problem.dtype)
    try add(.k, source(.k), k, problem.dtype)
    try add(.v, source(.v), v, problem.dtype)
    if problem.alibi { try add(.bias, source(.alibi), [problem.heads], .f32, shared: true) }
    if problem.packed {
      try add(.cuQ, source(.cuQ), [problem.batch + 1], .i32, shared: true)
      try add(.cuK, source(.cuK), [problem.batch + 1], .i32, shared: true)
    }
    try add(.o, source(.o), o, problem.outputDType)
    try add(.lse, source(.lse), own(problem.lseDimensions), .f32)
    guard let delta else { return }
    try add(.dO, source(.dO), o, problem.outputDType)
    try add(.delta, delta, own(problem.lseDimensions), .f32)
    try add(.dQ, source(.dQ), q, problem.dtype)
    try add(.dK, source(.dK), k, problem.dtype)
    try add(.dV, source(.dV), v, problem.dtype)
  }

  /// The operands of neighborhood attention.
  package init(
    _ problem: NeighborhoodProblem, delta: Plan.Source? = nil
  ) throws(TesseraError) {
    self.init()
    var roles: [(BoxPass.Role, Plan.NeighborhoodOperand)] = [
      (.q, .q), (.k, .k), (.v, .v), (.extraK, .extraK), (.extraV, .extraV), (.bias, .bias),
      (.mask, .keyMask), (.o, .o), (.lse, .lse),
    ]
    if delta != nil { roles += [(.dO, .dO), (.dQ, .dQ), (.dK, .dK), (.dV, .dV)] }
    for (role, operand) in roles {
      let bytes = try problem.byteCount(of: operand)
      guard bytes > 0 else { continue }
      self[role] = Tensor(
        source: .operand(operand.rawValue), bytes: bytes,
        elementBytes: problem.dtype(of: operand).byteCount, shared: operand == .bias)
    }
    if let delta {
      try add(.delta, delta, [problem.queryTokens, problem.heads], .f32)
    }
  }

  /// The operands of the additional keys' gradients: they stand where keys stand otherwise.
  package func extraKeysAlone(dExtraK: Plan.Source, dExtraV: Plan.Source) -> BoxOperands {
    var result = self
    result[.k] = self[.extraK]
    result[.v] = self[.extraV]
    result[.dK] = self[.extraK]
    result[.dK]?.source = dExtraK
    result[.dV] = self[.extraV]
    result[.dV]?.source = dExtraV
    for role in [BoxPass.Role.extraK, .extraV, .bias, .mask] { result[role] = nil }
    return result
  }
}
