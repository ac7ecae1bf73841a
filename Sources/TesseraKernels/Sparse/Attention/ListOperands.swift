package import TesseraCore

/// Where the tensors of an attention over lists are, by what they mean to its kernels.
package struct ListOperands: Sendable {
  package struct Tensor: Sendable {
    var source: Plan.Source
    /// Bytes of one batch entry, or of the whole tensor if all entries share it.
    var bytes: Int
    var elementBytes: Int
    var shared = false
  }

  private var tensors: [ListPass.Role: Tensor] = [:]

  package init() {}

  package subscript(role: ListPass.Role) -> Tensor? { tensors[role] }

  /// Adds a tensor if it has elements.
  package mutating func add(
    _ role: ListPass.Role, _ source: Plan.Source, _ dimensions: [Int], _ dtype: DType,
    shared: Bool = false
  ) throws(TesseraError) {
    let bytes = try Shape(dimensions).byteCount(of: dtype)
    guard bytes > 0 else { return }
    tensors[role] = Tensor(
      source: source, bytes: bytes, elementBytes: dtype.byteCount, shared: shared)
  }

  /// The tensors of one attention, by their places among a plan's operands.
  ///
  /// - Parameters:
  ///   - sources: where q, k, v, cuQ, cuK, sinks, o and lse are, and for gradients dO, delta, dQ, dK and
  ///     dV; those that are absent do not exist.
  package init(
    _ attention: AttentionProblem, _ sources: [ListPass.Role: Plan.Source]
  ) throws(TesseraError) {
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
