import ArgumentParser
import Tessera
import TesseraBench

/// The options that describe cases of one operator: shapes, types and the operator's own.
struct BenchCaseOptions: ParsableArguments {
  @Option(
    help:
      "gemm: M,N,K or batch,M,N,K; attention: B,N,H,D; na: B,X..,H,D; sparse-attention: B,N,H,D; paged-decode: B,context,H,D. Repeatable."
  )
  var shape: [IntList] = []
  @Option(help: "Element types: f32, f16, bf16. Repeatable.") var dtype: [DType] = [.f32]
  @Flag(help: "gemm: use A transposed.") var transposeA = false
  @Flag(help: "gemm: use B transposed.") var transposeB = false
  @OptionGroup var attention: BenchAttentionOptions
  @OptionGroup var sparse: BenchSparseOptions

  /// The cases of operator `op` that the options describe.
  func cases(_ op: String) throws -> [any BenchCase] {
    try dtype.flatMap { dtype in
      try shape.map { shape in try benchCase(op, shape.values, dtype) }
    }
  }

  private func benchCase(_ op: String, _ shape: [Int], _ dtype: DType) throws -> any BenchCase {
    switch op {
    case "gemm": return try product(shape, dtype)
    case "attention", "attention-backward":
      return try attention.dense(shape, backward: op == "attention-backward", dtype)
    case "na", "na-backward":
      return try attention.neighborhood(shape, backward: op == "na-backward", dtype)
    case "sparse-attention", "sparse-attention-backward":
      return try sparse.lists(
        shape, kvHeads: attention.kvHeads, causal: attention.causal.values == [1],
        backward: op == "sparse-attention-backward", dtype)
    case "select-blocks", "nsa":
      return try sparse.selection(
        shape, kvHeads: attention.kvHeads, selects: op == "select-blocks", dtype)
    case "paged-decode": return try sparse.decode(shape, kvHeads: attention.kvHeads, dtype)
    default:
      throw ValidationError("--shape: got suite \(op), allowed with suites of one operator")
    }
  }

  private func product(_ values: [Int], _ dtype: DType) throws -> GEMMBenchCase {
    guard values.count == 3 || values.count == 4 else {
      throw ValidationError("--shape: got \(values), allowed M,N,K or batch,M,N,K")
    }
    let matrix = Array(values.suffix(3))
    return GEMMBenchCase(
      m: matrix[0], n: matrix[1], k: matrix[2], batch: values.count == 4 ? values[0] : 1,
      transposeA: transposeA, transposeB: transposeB, dtype: dtype)
  }
}
