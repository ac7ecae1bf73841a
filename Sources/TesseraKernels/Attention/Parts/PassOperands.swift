package import TesseraCore

/// Where the tensors of an attention are, by what they mean to the kernels of one front.
package struct PassOperands<Role: Hashable & Sendable>: Sendable {
  package struct Tensor: Sendable {
    var source: Plan.Source
    /// Bytes of one batch entry, or of the whole tensor if all entries share it.
    var bytes: Int
    var elementBytes: Int
    var shared = false

    /// Elements of all batch entries.
    func elements(_ batch: Int) -> Int { bytes / elementBytes * batch }
  }

  private var tensors: [Role: Tensor] = [:]

  package init() {}

  package subscript(role: Role) -> Tensor? {
    get { tensors[role] }
    set { tensors[role] = newValue }
  }

  /// Adds a tensor if it has elements.
  package mutating func add(
    _ role: Role, _ source: Plan.Source, _ dimensions: [Int], _ dtype: DType, shared: Bool = false
  ) throws(TesseraError) {
    let bytes = try Shape(dimensions).byteCount(of: dtype)
    guard bytes > 0 else { return }
    tensors[role] = Tensor(
      source: source, bytes: bytes, elementBytes: dtype.byteCount, shared: shared)
  }
}
