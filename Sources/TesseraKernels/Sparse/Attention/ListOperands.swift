package import TesseraCore

/// Where the tensors of an attention over lists of key blocks are.
package typealias ListOperands = PassOperands<ListPass.Role>

extension PassOperands where Role == ListPass.Role {
  /// The tensors of one attention, by their places among a plan's operands.
  ///
  /// - Parameters:
  ///   - sources: where q, k, v, cuQ, cuK, sinks, o and lse are, and for gradients dO, delta, dQ, dK and
  ///     dV; those that are absent do not exist.
  package init(
    _ attention: AttentionProblem, _ sources: [ListPass.Role: Plan.Source]
  ) throws(TesseraError) {
    self.init()
    // A packed batch is one entry.
    func own(_ dimensions: [Int]) -> [Int] {
      attention.packed ? dimensions : Array(dimensions.dropFirst())
    }
    let (q, k) = (own(attention.queryDimensions), own(attention.keyDimensions))
    let (v, o) = (own(attention.valueDimensions), own(attention.outputDimensions))
    let lse = own(attention.lseDimensions)
    let forms: [(ListPass.Role, [Int], DType, Bool)] = [
      (.q, q, attention.dtype, false), (.k, k, attention.dtype, false),
      (.v, v, attention.dtype, false), (.cuQ, [attention.batch + 1], .i32, true),
      (.cuK, [attention.batch + 1], .i32, true), (.sinks, [attention.heads], .f32, true),
      (.o, o, attention.outputDType, false), (.lse, lse, .f32, false),
      (.dO, o, attention.outputDType, false), (.delta, lse, .f32, false),
      (.dQ, q, attention.dtype, false), (.dK, k, attention.dtype, false),
      (.dV, v, attention.dtype, false),
    ]
    for (role, dimensions, dtype, shared) in forms {
      if let source = sources[role] { try add(role, source, dimensions, dtype, shared: shared) }
    }
  }
}
