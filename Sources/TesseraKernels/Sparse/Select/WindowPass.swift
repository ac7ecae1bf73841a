import TesseraCore
import TesseraHAL

/// Tokens in windows of `span` that begin every `stride` tokens: joining them, and the gradient of that.
struct WindowPass {
  var batch: Int
  /// Tokens of a sequence, N.
  var tokens: Int
  /// Windows of a sequence, J.
  var windows: Int
  var heads: Int
  /// Elements of a vector.
  var columns: Int
  var span: Int
  var stride: Int
  /// `[heads, span]` in f32; the mean if nil.
  var weights: Plan.Source?

  /// Appends `out [B, J, heads, columns] = Σ w · in [B, N, heads, columns]`.
  /// - Throws: `overLimit` if the tensors exceed the device's limits.
  func appendJoin(
    to plan: inout Plan, from source: Plan.Source, _ type: DType, to target: Plan.Source,
    _ targetType: DType, _ capabilities: Capabilities
  ) throws(TesseraError) {
    let (inputs, outputs) = (batch * tokens * heads * columns, batch * windows * heads * columns)
    guard outputs > 0 else { return }
    try Plan.checkBindings(
      "compression", [("tokens", inputs, type), ("windows", outputs, targetType)], capabilities)
    try Plan.checkLoops("compression", span, capabilities)
    let kernel = plan.kernel(
      KernelSpec(
        SelectKernels.compress,
        [
          .init("IN_DTYPE", type.kernelCode), .init("OUT_DTYPE", targetType.kernelCode),
          PartKernels.vector(columns, capabilities), .init("WEIGHTED", weights == nil ? 0 : 1),
        ]))
    let (count, grid) = try size(batch * windows, work: span, capabilities)
    plan.dispatches.append(
      .init(
        kernel: kernel, grid: grid, constants: constants(count),
        arguments: [
          .init(source, byteCount: inputs * type.byteCount), weightArgument,
          .init(target, byteCount: outputs * targetType.byteCount),
        ]))
  }

  /// Appends `out [B, N, heads, columns] = Σ parts + Σ w · windows [B, J, heads, columns]`, all of `type`.
  /// - Parameters:
  ///   - parts: up to two tensors of the shape of `out`.
  ///   - gradient: gradients of the windows.
  /// - Throws: `overLimit` if the tensors exceed the device's limits.
  func appendSpread(
    to plan: inout Plan, parts: [Plan.Source], gradient: Plan.Source, to target: Plan.Source,
    _ type: DType, _ capabilities: Capabilities
  ) throws(TesseraError) {
    let (inputs, outputs) = (batch * windows * heads * columns, batch * tokens * heads * columns)
    guard outputs > 0 else { return }
    try Plan.checkBindings(
      "sum of gradients", [("windows", inputs, type), ("tokens", outputs, type)], capabilities)
    try Plan.checkLoops("sum of gradients", span / stride + 2, capabilities)
    let kernel = plan.kernel(
      KernelSpec(
        SelectKernels.spread,
        [
          .init("IN_DTYPE", type.kernelCode), PartKernels.vector(columns, capabilities),
          .init("WEIGHTED", weights == nil ? 0 : 1), .init("PARTS", parts.count),
        ]))
    let (count, grid) = try size(batch * tokens, work: span / stride + 3, capabilities)
    let whole = outputs * type.byteCount
    func part(_ index: Int) -> Plan.Argument {
      index < parts.count ? .init(parts[index], byteCount: whole) : .init(.none, byteCount: 0)
    }
    plan.dispatches.append(
      .init(
        kernel: kernel, grid: grid, constants: constants(count),
        arguments: [
          part(0), part(1),
          inputs == 0
            ? .init(.none, byteCount: 0) : .init(gradient, byteCount: inputs * type.byteCount),
          weightArgument, .init(target, byteCount: whole),
        ]))
  }

  private var quads: Int { max(1, (columns + 3) / 4) }

  private var weightArgument: Plan.Argument {
    guard let weights else { return .init(.none, byteCount: 0) }
    return .init(weights, byteCount: 4 * heads * span)
  }

  /// Invocations, or vectors on the CPU, and how they are shared out.
  private func size(
    _ rows: Int, work: Int, _ capabilities: Capabilities
  ) throws(TesseraError) -> (count: Int, GridSize) {
    let vectors = rows * heads
    if capabilities.backend == .cpu {
      return (vectors, .host(vectors, work: work * columns, capabilities))
    }
    return (vectors * quads, try .linear(vectors * quads, "compression", capabilities))
  }

  private func constants(_ count: Int) -> [UInt8] {
    var constants = ConstantBlock()
    for value in [count, tokens, windows, heads, columns, quads, span, stride] {
      constants.append(value)
    }
    return constants.bytes
  }
}
