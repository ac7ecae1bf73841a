import TesseraCore
import TesseraHAL

/// The second pass: sums of parts of K, added in order and finished.
extension TensorGEMM {
  /// Columns an invocation of `gemm_join` takes, and its workgroup.
  private static let joinColumns = 4
  static let joinWorkgroup = 128

  /// Parameters of a kernel that leaves sums: no epilogue.
  static var noEpilogue: [KernelSpec.Parameter] {
    ["C_DTYPE", "BIAS_DTYPE", "D_DTYPE", "USE_C", "BIAS_AXIS", "ACTIVATION"].map { .init($0, 0) }
  }

  static func joinKernel(_ problem: GEMMProblem) -> KernelSpec {
    KernelSpec("gemm_join", [.init("S_DTYPE", 0)] + parameters(problem))
  }

  /// The dispatch of kernel 1 of a plan over the sums in a range of its scratch.
  static func joinDispatch(
    _ problem: GEMMProblem, splits: Int, scratch: Int, offset: Int, byteCount: Int
  ) -> Plan.Dispatch {
    let pieces = (problem.n + joinColumns - 1) / joinColumns * problem.m
    let groups = GridSize((pieces + joinWorkgroup - 1) / joinWorkgroup, problem.batchCount)
    var block = ConstantBlock()
    for value in [problem.m, problem.n, splits] { block.append(value) }
    appendBatches(&block, problem, operands: 2..<4)
    block.append(problem.alpha)
    block.append(problem.beta)
    return Plan.Dispatch(
      kernel: 1, grid: groups, constants: block.bytes,
      arguments: [.init(.scratch(scratch), offset: offset, byteCount: max(4, byteCount))]
        + arguments(problem)[2...])
  }

  /// The constants block of the products; the order is that of `gemm_tensor.h`.
  static func constants(_ problem: GEMMProblem, splits: Int, productsPerPart: Int) -> [UInt8] {
    var block = ConstantBlock()
    for value in [problem.m, problem.n, problem.k, splits, productsPerPart] { block.append(value) }
    appendBatches(&block, problem, operands: 0..<4)
    block.append(problem.alpha)
    block.append(problem.beta)
    return block.bytes
  }

  /// Extents of the batch axes, row strides, batch strides of the operands a, b, c, d in `operands`.
  static func appendBatches(
    _ block: inout ConstantBlock, _ problem: GEMMProblem, operands: Range<Int>
  ) {
    let axes = axes(problem)
    for axis in axes { block.append(axis.extent) }
    let (m, n, k) = (problem.m, problem.n, problem.k)
    let given = [problem.a, problem.b, problem.c, problem.d]
    let rows = [problem.transposeA ? k : m, problem.transposeB ? n : k, m, m]
    for operand in operands {
      // One row has no stride; the copy engine wants one of whole 16 bytes all the same.
      let stride = given[operand]?.rowStride ?? 0
      block.append(long: rows[operand] == 1 ? (stride + 7) & ~7 : stride)
    }
    for operand in operands {
      for axis in axes { block.append(long: axis.extent == 1 ? 0 : axis.strides[operand]) }
    }
  }
}
