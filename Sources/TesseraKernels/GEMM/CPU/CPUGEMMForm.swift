import CTesseraSIMD
import TesseraCore

/// A problem in the form the CPU kernels take: transpositions folded into strides, batch axes
/// merged, and the thinner side of D first where a vector kernel will run.
struct CPUGEMMForm {
  /// Extents, strides and epilogue; the tiling is still zero.
  var gemm: tessera_gemm
  /// Batch axes that could not be merged, outermost first; none has extent 1.
  var axes: [tessera_gemm_axis]
  /// Whether A and B changed places, computing Dᵀ = op(B)ᵀ·op(A)ᵀ.
  var swapped = false

  var batchCount: Int { axes.reduce(1) { $0 * Int($1.extent) } }
  /// Whether every batch multiplies by the same B.
  var sharesB: Bool { axes.allSatisfy { $0.b == 0 } }

  init(_ problem: GEMMProblem) {
    func matrix(_ operand: GEMMProblem.Operand, transposed: Bool) -> tessera_gemm_matrix {
      let stride = Int64(operand.rowStride)
      return tessera_gemm_matrix(
        row: transposed ? 1 : stride, column: transposed ? stride : 1,
        type: Self.code(operand.dtype))
    }
    gemm = tessera_gemm()
    gemm.m = Int64(problem.m)
    gemm.n = Int64(problem.n)
    gemm.k = Int64(problem.k)
    gemm.a = matrix(problem.a, transposed: problem.transposeA)
    gemm.b = matrix(problem.b, transposed: problem.transposeB)
    gemm.d = matrix(problem.d, transposed: false)
    gemm.alpha = problem.alpha
    if let c = problem.c, problem.beta != 0 {
      gemm.c = matrix(c, transposed: false)
      gemm.beta = problem.beta
    }
    if let bias = problem.bias {
      gemm.bias_type = Self.code(bias.dtype)
      let axis =
        bias.axis == .row ? TESSERA_GEMM_BIAS_PER_COLUMN : TESSERA_GEMM_BIAS_PER_ROW
      gemm.bias_axis = Int64(axis)
    }
    gemm.activation = Self.code(problem.activation)
    axes = []
    for (index, extent) in problem.batch.enumerated() where extent != 1 {
      axes.append(
        tessera_gemm_axis(
          extent: Int64(extent), a: Int64(problem.a.batchStrides[index]),
          b: Int64(problem.b.batchStrides[index]),
          c: gemm.beta == 0 ? 0 : Int64(problem.c?.batchStrides[index] ?? 0),
          d: Int64(problem.d.batchStrides[index])))
    }
    mergeAxes()
    mergeRows()
  }

  /// Joins neighbouring axes that every operand walks through as if they were one. A product that
  /// wraps around equals no stride of a tensor that fits memory.
  private mutating func mergeAxes() {
    var merged: [tessera_gemm_axis] = []
    for inner in axes {
      if let outer = merged.last,
        outer.a == inner.a &* inner.extent, outer.b == inner.b &* inner.extent,
        outer.d == inner.d &* inner.extent,
        gemm.beta == 0 || outer.c == inner.c &* inner.extent
      {
        var joined = inner
        joined.extent *= outer.extent
        merged[merged.count - 1] = joined
      } else {
        merged.append(inner)
      }
    }
    axes = merged
  }

  /// Turns a batch of row blocks that share B into one taller product: `[batch, M, K] · [K, N]`.
  private mutating func mergeRows() {
    while let axis = axes.last, axis.b == 0, axis.a == gemm.m &* gemm.a.row,
      axis.d == gemm.m &* gemm.d.row, gemm.beta == 0 || axis.c == gemm.m &* gemm.c.row,
      gemm.bias_axis != Int64(TESSERA_GEMM_BIAS_PER_ROW)
    {
      gemm.m *= axis.extent
      axes.removeLast()
    }
  }

  /// Exchanges the roles of rows and columns.
  mutating func swap() {
    let old = gemm
    func transposed(_ matrix: tessera_gemm_matrix) -> tessera_gemm_matrix {
      tessera_gemm_matrix(row: matrix.column, column: matrix.row, type: matrix.type)
    }
    gemm.m = old.n
    gemm.n = old.m
    gemm.a = transposed(old.b)
    gemm.b = transposed(old.a)
    gemm.c = transposed(old.c)
    gemm.d = transposed(old.d)
    switch old.bias_axis {
    case Int64(TESSERA_GEMM_BIAS_PER_COLUMN): gemm.bias_axis = Int64(TESSERA_GEMM_BIAS_PER_ROW)
    case Int64(TESSERA_GEMM_BIAS_PER_ROW): gemm.bias_axis = Int64(TESSERA_GEMM_BIAS_PER_COLUMN)
    default: break
    }
    axes = axes.map {
      tessera_gemm_axis(extent: $0.extent, a: $0.b, b: $0.a, c: $0.c, d: $0.d)
    }
    swapped.toggle()
  }

  /// The constants block: `gemm`, then the axes.
  var constants: [UInt8] {
    var bytes = withUnsafeBytes(of: gemm) { Array($0) }
    for axis in axes { withUnsafeBytes(of: axis) { bytes.append(contentsOf: $0) } }
    return bytes
  }

  /// Bytes of the constants block of a kernel for `axes` batch axes.
  static func constantBytes(axes: Int) -> Int {
    MemoryLayout<tessera_gemm>.stride + axes * MemoryLayout<tessera_gemm_axis>.stride
  }

  private static func code(_ dtype: DType) -> Int64 {
    switch dtype {
    case .f16: Int64(TESSERA_GEMM_F16)
    case .bf16: Int64(TESSERA_GEMM_BF16)
    default: Int64(TESSERA_GEMM_F32)
    }
  }

  private static func code(_ activation: Activation) -> Int64 {
    switch activation {
    case .none: Int64(TESSERA_GEMM_LINEAR)
    case .relu: Int64(TESSERA_GEMM_RELU)
    case .gelu: Int64(TESSERA_GEMM_GELU)
    case .geluTanh: Int64(TESSERA_GEMM_GELU_TANH)
    case .silu: Int64(TESSERA_GEMM_SILU)
    }
  }
}
