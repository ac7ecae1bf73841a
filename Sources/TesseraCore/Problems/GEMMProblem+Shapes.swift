extension GEMMProblem {
  /// Element types GEMM computes with.
  package static let dtypes: [DType] = [.f32, .f16, .bf16]

  /// Describes the product of contiguous tensors, broadcasting their batch axes.
  ///
  /// - Parameters:
  ///   - a: `[batch.., M, K]`, or `[batch.., K, M]` with `transposeA`.
  ///   - b: `[batch.., K, N]`, or `[batch.., N, K]` with `transposeB`.
  ///   - c: broadcasts to `[batch.., M, N]` in its batch axes.
  ///   - bias: `[N]` or `[M, 1]`.
  /// - Throws: `invalidArgument` naming the tensor whose shape or type does not fit.
  package init(
    a: (shape: Shape, dtype: DType), b: (shape: Shape, dtype: DType),
    c: (shape: Shape, dtype: DType)? = nil, bias: (shape: Shape, dtype: DType)? = nil,
    transposeA: Bool = false, transposeB: Bool = false, alpha: Float = 1, beta: Float = 0,
    activation: Activation = .none, output: DType? = nil
  ) throws(TesseraError) {
    for (name, shape) in [("a", a.shape), ("b", b.shape)] where shape.rank < 2 {
      throw .invalidArgument(
        name, got: "shape \(shape)", allowed: "at least two axes, [batch.., rows, columns]")
    }
    let output = output ?? a.dtype
    for (name, dtype) in [
      ("a", a.dtype), ("b", b.dtype), ("c", c?.dtype), ("bias", bias?.dtype), ("output", output),
    ] {
      if let dtype, !Self.dtypes.contains(dtype) {
        throw .invalidArgument("\(name) element type", got: dtype, allowed: "f32, f16 or bf16")
      }
    }
    let m = transposeA ? a.shape[-1] : a.shape[-2]
    let k = transposeA ? a.shape[-2] : a.shape[-1]
    let n = transposeB ? b.shape[-2] : b.shape[-1]
    let kOfB = transposeB ? b.shape[-1] : b.shape[-2]
    guard k == kOfB else {
      throw .invalidArgument(
        "b", got: "shape \(b.shape)\(transposeB ? " transposed" : "") with K = \(kOfB)",
        allowed: "K = \(k), as in a of shape \(a.shape)\(transposeA ? " transposed" : "")")
    }
    let batch = try Self.broadcast(a.shape.dimensions.dropLast(2), b.shape.dimensions.dropLast(2))
    var third: Operand?
    if let c {
      guard c.shape.rank >= 2, c.shape[-2] == m, c.shape[-1] == n,
        c.shape.rank - 2 <= batch.count,
        zip(c.shape.dimensions.dropLast(2).reversed(), batch.reversed())
          .allSatisfy({ $0 == $1 || $0 == 1 })
      else {
        throw .invalidArgument(
          "c", got: "shape \(c.shape)", allowed: "one that broadcasts to \(batch + [m, n])")
      }
      if beta != 0 { third = try Operand(contiguous: c.shape, dtype: c.dtype, batch: batch) }
    } else if beta != 0 {
      throw .invalidArgument("beta", got: beta, allowed: "0 when there is no c")
    }
    var biasDescription: Bias?
    if let bias {
      switch bias.shape.dimensions {
      // With M = 1 and N = 1 both readings add the same number.
      case [n]: biasDescription = Bias(axis: .row, dtype: bias.dtype)
      case [m, 1]: biasDescription = Bias(axis: .column, dtype: bias.dtype)
      default:
        throw .invalidArgument(
          "bias", got: "shape \(bias.shape)", allowed: "[N] = [\(n)] or [M, 1] = [\(m), 1]")
      }
    }
    let outputShape = try Shape(batch + [m, n])
    _ = try outputShape.byteCount(of: output)
    self.init(
      m: m, n: n, k: k, batch: batch, transposeA: transposeA, transposeB: transposeB,
      a: try Operand(contiguous: a.shape, dtype: a.dtype, batch: batch),
      b: try Operand(contiguous: b.shape, dtype: b.dtype, batch: batch),
      c: third, d: try Operand(contiguous: outputShape, dtype: output, batch: batch),
      alpha: alpha, beta: third == nil ? 0 : beta, bias: biasDescription, activation: activation)
  }

  private static func broadcast(
    _ a: ArraySlice<Int>, _ b: ArraySlice<Int>
  ) throws(TesseraError) -> [Int] {
    let rank = max(a.count, b.count)
    let left = Array(repeating: 1, count: rank - a.count) + a
    let right = Array(repeating: 1, count: rank - b.count) + b
    var result: [Int] = []
    for (x, y) in zip(left, right) {
      guard x == y || x == 1 || y == 1 else {
        throw .invalidArgument(
          "b", got: "batch axes \(Array(b))", allowed: "axes that broadcast with \(Array(a)) of a")
      }
      result.append(x == 1 ? y : x)
    }
    return result
  }
}

extension GEMMProblem.Operand {
  /// The layout of a contiguous tensor whose batch axes broadcast to `batch`.
  package init(contiguous shape: Shape, dtype: DType, batch: [Int]) throws(TesseraError) {
    _ = try shape.byteCount(of: dtype)
    let own = shape.dimensions.dropLast(2)
    let strides = shape.strides
    var batchStrides = [Int](repeating: 0, count: batch.count)
    for (axis, extent) in own.enumerated() where extent != 1 {
      batchStrides[batch.count - own.count + axis] = strides[axis]
    }
    self.init(dtype: dtype, rowStride: max(shape[-1], 1), batchStrides: batchStrides)
  }
}
