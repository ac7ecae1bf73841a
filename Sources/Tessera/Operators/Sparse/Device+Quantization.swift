package import TesseraCore
package import TesseraKernels
import TesseraRuntime

extension Device {
  /// Vectors of keys or values as codes of 8 or 4 bits.
  ///
  /// With the smallest and the largest element of a group of `format.tokens` × `format.channels`:
  /// ```
  /// scale = (max − min) / (2^bits − 1)        u = round((x − min) / scale)        x̂ = u·scale + min
  /// ```
  /// `min` is rounded down and `scale` up to the parameters' type, so that `|x − x̂| ≤ scale/2`; a constant
  /// group has scale 0 and comes back exactly if its value is one of that type.
  ///
  /// - Parameters:
  ///   - x: `[.., N, H, D]` of f32, f16 or bf16, with D a multiple of 8 and N one of `format.tokens`; pages
  ///     `[P, page, Hkv, D]` of a cache, for example. Elements must be finite and within the range of the
  ///     parameters' type; groups with others get codes without a meaning.
  ///   - format: bits, groups and the parameters' type.
  /// - Returns: codes and parameters. The work is recorded, not awaited.
  /// - Throws: `invalidArgument` naming what does not fit, `unsupported` for fp8, `overLimit`,
  ///   `outOfMemory`.
  ///
  /// Sources: Zhang et al., "Efficient Mixed-Precision Large Language Model Inference with TurboMind"
  /// (2025); Liu et al., "COMET" (2025) for groups per channel.
  public func quantize(
    _ x: Tensor, _ format: QuantizationFormat
  ) throws(TesseraError) -> QuantizedTensor {
    let problem = try QuantizationProblem(x: (x.shape, x.dtype), format, decoding: false)
    let prepared = try preparedPlan(problem)
    let source = try operand(x, "x")
    let codes = try Tensor(
      uninitialized: try Shape(problem.codeDimensions), dtype: .u8, on: self)
    let parameters = try Tensor(
      uninitialized: try Shape(problem.parameterDimensions), dtype: problem.storage.parameterDType,
      on: self)
    try PlanExecutor.execute(
      prepared,
      operands: [
        source, try codes.contiguousRange("codes"), try parameters.contiguousRange("parameters"),
      ], on: context)
    return QuantizedTensor(
      format: problem.storage.format ?? format, codes: codes, parameters: parameters)
  }

  /// The elements that codes stand for, `u·scale + zero`.
  ///
  /// - Parameters:
  ///   - x: codes and parameters.
  ///   - dtype: f32, f16 or bf16; the parameters' type if nil.
  /// - Returns: `[.., N, H, D]`. The work is recorded, not awaited.
  /// - Throws: `invalidArgument` naming what does not fit, `unsupported` for fp8, `overLimit`,
  ///   `outOfMemory`.
  public func dequantize(
    _ x: QuantizedTensor, as dtype: DType? = nil
  ) throws(TesseraError) -> Tensor {
    let problem = try QuantizationProblem(x, as: dtype ?? x.parameters.dtype)
    let prepared = try preparedPlan(problem)
    let inputs = try operands([("codes", x.codes), ("parameters", x.parameters)])
    let result = try Tensor(
      uninitialized: try Shape(problem.dimensions), dtype: problem.dtype, on: self)
    try PlanExecutor.execute(
      prepared, operands: inputs + [try result.contiguousRange("result")], on: context)
    return result
  }

  /// The plan `quantize` or `dequantize` would run, with its kernels built.
  package func preparedPlan(_ problem: QuantizationProblem) throws(TesseraError) -> PreparedPlan {
    try plans.plan(problem) { () throws(TesseraError) in
      try PlanExecutor.prepare(
        try QuantizationPlanner.plan(problem, context.capabilities), on: context)
    }
  }
}

extension QuantizationProblem {
  /// Describes the elements of type `dtype` of these codes.
  fileprivate init(_ x: QuantizedTensor, as dtype: DType) throws(TesseraError) {
    try self.init(
      codes: (x.codes.shape, x.codes.dtype), parameters: (x.parameters.shape, x.parameters.dtype),
      x.format, as: dtype)
  }
}
