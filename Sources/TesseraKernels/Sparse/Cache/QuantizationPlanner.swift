package import TesseraCore
package import TesseraHAL

/// Plans codes of elements, and elements of codes.
package enum QuantizationPlanner {
  /// Operands: 0 = elements, 1 = codes, 2 = parameters; with `decoding` 0 = codes, 1 = parameters,
  /// 2 = elements.
  /// - Throws: `overLimit` if the problem exceeds the device's limits.
  package static func plan(
    _ problem: QuantizationProblem, _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    var plan = Plan(
      operation: problem.decoding ? "dequantize" : "quantize",
      schedule: problem.storage.channels == 1 ? "per-channel" : "per-token", tile: [])
    let vectors = try Shape([problem.allTokens, problem.heads]).elementCount
    let elements = try Shape(problem.dimensions).elementCount
    plan.bytes =
      Double(vectors) * problem.storage.bytes(of: problem.headDim)
      + Double(elements * problem.dtype.byteCount)
    guard elements > 0 else {
      plan.schedule = "empty"
      return plan
    }
    if problem.decoding {
      try appendElements(
        to: &plan, "dequantize", vectors: vectors, heads: problem.heads, dim: problem.headDim,
        problem.storage, problem.dtype, codes: .operand(0), parameters: .operand(1),
        out: .operand(2), capabilities)
      return plan
    }
    let storage = problem.storage
    let (codes, parameters) = try sizes(problem.headDim, vectors, storage)
    try Plan.checkBindings(
      "quantize", [("x", elements, problem.dtype), ("codes", codes, .u8)], capabilities)
    let span = max(storage.channels, 8)
    let units = elements / (storage.tokens * span)
    try Plan.checkLoops("quantize", 2 * (storage.tokens * span / 64 + 1) + 8, capabilities)
    var constants = ConstantBlock()
    for value in [units, problem.heads, problem.headDim, storage.channels, storage.tokens] {
      constants.append(value)
    }
    let kernel = plan.kernel(
      KernelSpec(
        CacheKernels.quantize,
        [
          .init("X_DTYPE", problem.dtype.kernelCode),
          .init("P_DTYPE", storage.parameterDType.kernelCode),
          .init("BITS", storage.format?.bits ?? 8),
          .init("PER_CHANNEL", storage.channels == 1 ? 1 : 0),
        ]))
    plan.dispatches.append(
      .init(
        kernel: kernel,
        grid: capabilities.backend == .cpu
          ? .host(units, work: 4 * storage.tokens * span, capabilities)
          : try .linear(8 * units, "quantize", capabilities),
        constants: constants.bytes,
        arguments: [
          .init(.operand(0), byteCount: elements * problem.dtype.byteCount),
          .init(.operand(1), byteCount: codes), .init(.operand(2), byteCount: parameters),
        ]))
    return plan
  }

  /// Appends the elements, in `out`, of vectors that are stored in any way.
  static func appendElements(
    to plan: inout Plan, _ operation: String, vectors: Int, heads: Int, dim: Int,
    _ storage: VectorStorage, _ dtype: DType, codes: Plan.Source, parameters: Plan.Source,
    out: Plan.Source, _ capabilities: Capabilities
  ) throws(TesseraError) {
    let elements = try Shape([vectors, dim]).elementCount
    guard elements > 0 else { return }
    let host = capabilities.backend == .cpu
    let step = elements % 8 == 0 ? 8 : 1
    let (bytes, parameterBytes) = try sizes(dim, vectors, storage)
    try Plan.checkBindings(
      operation, [("elements", elements, dtype), ("codes", bytes, .u8)], capabilities)
    let count = host ? vectors : elements / step
    var constants = ConstantBlock()
    for value in [count, heads, dim] { constants.append(value) }
    let kernel = plan.kernel(
      KernelSpec(
        CacheKernels.dequantize,
        [
          .init("X_DTYPE", storage.kernelCode), .init("OUT_DTYPE", dtype.kernelCode),
          .init("X_PARAMETERS_DTYPE", storage.parameterDType.kernelCode), .init("STEP", step),
          .init("X_CHANNELS", storage.channels), .init("X_TOKENS", storage.tokens),
        ]))
    plan.dispatches.append(
      .init(
        kernel: kernel,
        grid: host
          ? .host(count, work: 2 * dim, capabilities)
          : try .linear(count, operation, capabilities),
        constants: constants.bytes,
        arguments: [
          .init(codes, byteCount: bytes),
          parameterBytes > 0
            ? .init(parameters, byteCount: parameterBytes) : .init(.none, byteCount: 0),
          .init(out, byteCount: elements * dtype.byteCount),
        ]))
  }

  /// Bytes of the main tensor and of the parameters.
  private static func sizes(
    _ dim: Int, _ vectors: Int, _ storage: VectorStorage
  ) throws(TesseraError) -> (Int, Int) {
    let main = try Shape([vectors, storage.codes(of: dim)]).byteCount(of: storage.dtype)
    guard storage.channels > 0 else { return (main, 0) }
    let groups = vectors / storage.tokens * (dim / storage.channels)
    return (main, try Shape([groups, 2]).byteCount(of: storage.parameterDType))
  }
}
