package import TesseraCore
import TesseraHAL
package import TesseraKernels
import TesseraRuntime

/// What happens to a matrix product before it is stored: `D = act(alpha · A·B + beta · C + bias)`.
public struct GEMMEpilogue: Sendable {
  /// Multiplies the product. Default 1.
  public var alpha: Float
  /// Multiplies `c`. Default 0: `c` is then not read, so NaN in it does not matter.
  public var beta: Float
  /// `[batch.., M, N]`, broadcast along its batch axes.
  public var c: Tensor?
  /// `[N]`, added to every row, or `[M, 1]`, added to every column.
  public var bias: Tensor?
  /// Applied last. Default none.
  public var activation: Activation

  public init(
    alpha: Float = 1, beta: Float = 0, c: Tensor? = nil, bias: Tensor? = nil,
    activation: Activation = .none
  ) {
    self.alpha = alpha
    self.beta = beta
    self.c = c
    self.bias = bias
    self.activation = activation
  }
}

extension Device {
  /// Multiplies matrices: `D = act(alpha · op(A)·op(B) + beta · C + bias)`.
  ///
  /// Products are accumulated in f32 whatever the storage type and rounded once at the end:
  /// `|D − D64| ≤ γ_K·|alpha|·(|A|·|B|)` elementwise with `γ_K = K·u/(1 − K·u)`, `u = 2⁻²⁴`, plus half
  /// an ulp of the output type. `K = 0` gives `act(beta·C + bias)`.
  ///
  /// - Parameters:
  ///   - a: `[batch.., M, K]` of f32, f16 or bf16, or `[batch.., K, M]` with `transposeA`. A view made by
  ///     `transposed()` is read in place.
  ///   - b: `[batch.., K, N]`, or `[batch.., N, K]` with `transposeB`. Batch axes broadcast.
  ///   - transposeA: whether `a` is read transposed.
  ///   - transposeB: whether `b` is read transposed.
  ///   - epilogue: scaling, C, bias and activation.
  ///   - output: element type of the result; the type of `a` if nil.
  /// - Returns: `[batch.., M, N]`. The work is recorded, not awaited.
  /// - Throws: `invalidArgument` naming the tensor that does not fit, `overLimit`, `outOfMemory`.
  public func gemm(
    _ a: Tensor, _ b: Tensor, transposeA: Bool = false, transposeB: Bool = false,
    epilogue: GEMMEpilogue = GEMMEpilogue(), output: DType? = nil
  ) throws(TesseraError) -> Tensor {
    let (a, transposeA) = try plainMatrix(a, transposeA, "a")
    let (b, transposeB) = try plainMatrix(b, transposeB, "b")
    let problem = try GEMMProblem(
      a: (a.shape, a.dtype), b: (b.shape, b.dtype), c: epilogue.c.map { ($0.shape, $0.dtype) },
      bias: epilogue.bias.map { ($0.shape, $0.dtype) }, transposeA: transposeA,
      transposeB: transposeB, alpha: epilogue.alpha, beta: epilogue.beta,
      activation: epilogue.activation, output: output)
    // Everything is checked before anything is allocated.
    let ranges = [
      try operand(a, "a"), try operand(b, "b"),
      problem.c == nil ? nil : try epilogue.c.map { tensor throws(TesseraError) in try operand(tensor, "c") },
      try epilogue.bias.map { tensor throws(TesseraError) in try operand(tensor, "bias") },
    ]
    let prepared = try preparedPlan(problem)
    let d = try Tensor(
      uninitialized: try Shape(problem.outputDimensions), dtype: problem.d.dtype, on: self)
    try PlanExecutor.execute(
      prepared, operands: ranges + [try d.contiguousRange("d")], on: context)
    return d
  }

  /// The plan `gemm` would run, with its kernels built. A tier whose kernel the driver refuses gives way
  /// to the next, and the plan's notes say so.
  package func preparedPlan(_ problem: GEMMProblem) throws(TesseraError) -> PreparedPlan {
    try plans.plan(problem) { () throws(TesseraError) in
      var measurements = measurements(for: .gemm(problem))
      var refused: [TensorTier: String] = [:]
      while true {
        let plan = try GEMMPlanner.plan(
          problem, context.capabilities, refused: refused, measured: measurements)
        do throws(TesseraError) {
          return try PlanExecutor.prepare(plan, on: context)
        } catch {
          if error.code == .deviceLost { throw error }
          if !measurements.entries.isEmpty {
            measurements = TuningDatabase()
            continue
          }
          guard let tier = TensorTier(rawValue: plan.tier) else { throw error }
          refused[tier] = "its kernel does not build: \(error.message)"
        }
      }
    }
  }

  /// Turns a transposed view into a contiguous tensor and a flag.
  private func plainMatrix(
    _ tensor: Tensor, _ transpose: Bool, _ name: String
  ) throws(TesseraError) -> (Tensor, Bool) {
    if tensor.isContiguous || tensor.shape.rank < 2 { return (tensor, transpose) }
    let turned = try tensor.transposed()
    return turned.isContiguous ? (turned, !transpose) : (try tensor.contiguous(), transpose)
  }
}
