import TesseraCore
import TesseraHAL

/// What the tiers of tensor-core products share.
enum TensorGEMM {
  /// Why a product is none for 16-bit tensor cores; nil if it is one.
  static func violation(_ problem: GEMMProblem) -> String? {
    guard problem.a.dtype == problem.b.dtype, [.f16, .bf16].contains(problem.a.dtype) else {
      return "a and b are not both f16 or both bf16"
    }
    guard problem.m > 0, problem.n > 0, problem.k > 0, problem.batchCount > 0 else {
      return "there is nothing to multiply"
    }
    guard GEMMBatchAxis.collapsed(problem).count <= 3 else {
      return "more than three batch axes that do not join"
    }
    let limit = Int(Int32.max) - 1024
    guard problem.m < limit, problem.n < limit, problem.k < limit, problem.batchCount < 1 << 16 else {
      return "an extent needs more than 31 bits"
    }
    return nil
  }

  /// Whether the copy engine can address an operand: every row at a multiple of 16 bytes, strides within
  /// 40 bits.
  static func isCopyable(
    _ operand: GEMMProblem.Operand, rows: Int, _ position: Int, _ problem: GEMMProblem
  ) -> Bool {
    let size = operand.dtype.byteCount
    func fits(_ stride: Int) -> Bool {
      stride.multipliedSaturating(size) < 1 << 40 && stride * size % 16 == 0
    }
    guard rows == 1 || fits(operand.rowStride) else { return false }
    return GEMMBatchAxis.collapsed(problem).allSatisfy {
      fits($0.strides[position])
    }
  }

  /// Elements from an operand's first to one past its last.
  static func span(
    _ operand: GEMMProblem.Operand, rows: Int, columns: Int, _ problem: GEMMProblem
  ) -> Int {
    var span = operand.rowStride.multipliedSaturating(rows - 1).addedSaturating(columns)
    for (extent, stride) in zip(problem.batch, operand.batchStrides) {
      span = span.addedSaturating(stride.multipliedSaturating(extent - 1))
    }
    return span
  }

  /// The whole of each operand a, b, c, bias, d as it is bound.
  static func arguments(_ problem: GEMMProblem) -> [Plan.Argument] {
    func whole(_ position: Int, _ operand: GEMMProblem.Operand?, _ rows: Int, _ columns: Int)
      -> Plan.Argument
    {
      guard let operand else { return Plan.Argument(.none, byteCount: 4) }
      let count = span(operand, rows: rows, columns: columns, problem)
      return Plan.Argument(
        .operand(position), byteCount: count.multipliedSaturating(operand.dtype.byteCount))
    }
    let (m, n, k) = (problem.m, problem.n, problem.k)
    return [
      whole(0, problem.a, problem.transposeA ? k : m, problem.transposeA ? m : k),
      whole(1, problem.b, problem.transposeB ? n : k, problem.transposeB ? k : n),
      whole(2, problem.c, m, n),
      problem.bias.map {
        Plan.Argument(.operand(3), byteCount: ($0.axis == .row ? n : m) * $0.dtype.byteCount)
      } ?? Plan.Argument(.none, byteCount: 4),
      whole(4, problem.d, m, n),
    ]
  }

  /// Three batch axes, outermost first, those there are last.
  static func axes(_ problem: GEMMProblem) -> [GEMMBatchAxis] {
    let axes = GEMMBatchAxis.collapsed(problem)
    let empty = GEMMBatchAxis(extent: 1, strides: [0, 0, 0, 0])
    return Array(repeating: empty, count: max(0, 3 - axes.count)) + axes
  }

  /// Parameters of the operands and the epilogue.
  static func parameters(_ problem: GEMMProblem) -> [KernelSpec.Parameter] {
    func code(_ dtype: DType?) -> Int { dtype == .bf16 ? 2 : dtype == .f16 ? 1 : 0 }
    let axis = problem.bias.map { $0.axis == .row ? 1 : 2 } ?? 0
    return [
      .init("C_DTYPE", code(problem.c?.dtype)), .init("BIAS_DTYPE", code(problem.bias?.dtype)),
      .init("D_DTYPE", code(problem.d.dtype)),
      .init("USE_C", problem.c != nil && problem.beta != 0 ? 1 : 0), .init("BIAS_AXIS", axis),
      .init("ACTIVATION", Activation.allCases.firstIndex(of: problem.activation) ?? 0),
    ]
  }

  /// Parameters of the products.
  static func operandParameters(_ problem: GEMMProblem) -> [KernelSpec.Parameter] {
    let code = problem.a.dtype == .bf16 ? 2 : 1
    return [
      .init("A_DTYPE", code), .init("B_DTYPE", code),
      .init("TRANSPOSE_A", problem.transposeA ? 1 : 0),
      .init("TRANSPOSE_B", problem.transposeB ? 1 : 0),
    ]
  }
}
