import CTesseraSIMD
package import TesseraCore
package import TesseraHAL

/// A permutation of tokens as indices, or applied to a tensor `[batch, tokens, row..]`.
package struct PermutationProblem: Sendable, Hashable, Codable {
  package var permutation: TokenPermutation
  /// Whether tokens go back to their own order.
  package var inverse: Bool
  /// What is moved; nil makes the indices.
  package var moved: Moved?

  /// A tensor to reorder.
  package struct Moved: Sendable, Hashable, Codable {
    package var batch: Int
    /// Elements of a token.
    package var row: Int
    package var dtype: DType
    package init(batch: Int, row: Int, dtype: DType) {
      (self.batch, self.row, self.dtype) = (batch, row, dtype)
    }
  }

  package init(
    _ permutation: TokenPermutation, inverse: Bool, moved: Moved? = nil
  ) throws(TesseraError) {
    (self.permutation, self.inverse, self.moved) = (permutation, inverse, moved)
    try permutation.validate()
  }
}

/// Plans `token_order` and `token_gather`.
package enum PermutationPlanner {
  /// Operands: of indices 0 = order i32 `[tokens]`; of a tensor 0 = it, 1 = the reordered one.
  /// - Throws: `unsupported` if tokens are not whole words and not of 16-bit floats, `overLimit`.
  package static func plan(
    _ problem: PermutationProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    let permutation = problem.permutation
    let tokens = permutation.tokens
    var plan = Plan(operation: "permutation", schedule: "tokens", tile: [])
    var (row, batch, words) = (1, 1, true)
    if let moved = problem.moved {
      let bytes = try Shape([moved.row]).byteCount(of: moved.dtype)
      words = bytes % 4 == 0
      guard words || moved.dtype == .f16 || moved.dtype == .bf16 else {
        throw .unsupported(
          "reordering tokens of \(moved.row) elements in \(moved.dtype), \(bytes) bytes",
          device: capabilities.name)
      }
      (row, batch) = (words ? bytes / 4 : moved.row, moved.batch)
    }
    let count = try Shape([batch, tokens, row]).elementCount
    plan.bytes = Double(count) * (words ? 4 : 2) * (problem.moved == nil ? 1 : 2)
    guard count > 0 else {
      plan.schedule = "empty"
      return plan
    }
    let dtype = words ? DType.i32 : problem.moved?.dtype ?? .i32
    try Plan.checkBindings("permutation", [("tokens", count, dtype)], capabilities)
    let (kind, window): (Int, [Int]) =
      switch permutation.order {
      case .windows(let window): (0, window)
      case .hilbertWindows(let window): (1, window)
      case .firstAxisLast: (2, [1])
      }
    // The first of three axes is the first there is if it moves; else those in front have one token.
    let missing = Array(repeating: 1, count: 3 - permutation.shape.count)
    let extents =
      permutation.order == .firstAxisLast
      ? permutation.shape + missing : permutation.three(permutation.shape)
    let sides = permutation.three(window)
    var constants = ConstantBlock()
    for value in [count, tokens, row, kind, problem.inverse ? 1 : 0, permutation.prefix] + extents
      + zip(sides, extents).map(min)
    { constants.append(value) }
    let host = capabilities.backend == .cpu
    let name = problem.moved == nil ? PatternKernels.order : PatternKernels.gather
    var parameters: [KernelSpec.Parameter] = []
    if problem.moved != nil {
      parameters = [
        .init("FROM_DTYPE", words ? DType.f32.kernelCode : dtype.kernelCode),
        .init("WORDS", words ? 1 : 0),
      ]
    }
    let kernel = plan.kernel(KernelSpec(name, parameters))
    let bytes = count * (words ? 4 : 2)
    plan.dispatches.append(
      .init(
        kernel: kernel,
        grid: host
          ? .host(count / row, work: 32 + row, capabilities)
          : try .linear(count, "permutation", capabilities),
        constants: constants.bytes,
        arguments: (0..<(problem.moved == nil ? 1 : 2)).map {
          .init(.operand($0), byteCount: bytes)
        }))
    return plan
  }
}
