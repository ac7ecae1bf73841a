/// One matrix product, fully described: `D = act(alpha · op(A)·op(B) + beta · C + bias)`.
///
/// `op` is identity or transpose. `op(A)` is `m × k`, `op(B)` is `k × n`, C and D are `m × n`, all
/// row-major with unit column stride. Batch axes broadcast: a batch stride of 0 repeats a matrix.
/// `beta = 0` never reads C. `k = 0` gives `act(beta·C + bias)`. Accumulation is in f32 with one
/// rounding at the end.
package struct GEMMProblem: Sendable, Hashable, Codable {
  /// How one operand lies in memory, in elements.
  package struct Operand: Sendable, Hashable, Codable {
    /// f32, f16 or bf16.
    package var dtype: DType
    /// Elements from one stored row to the next; at least the stored row length.
    package var rowStride: Int
    /// Elements from one matrix to the next along each axis of `batch`; 0 broadcasts.
    package var batchStrides: [Int]

    package init(dtype: DType, rowStride: Int, batchStrides: [Int]) {
      self.dtype = dtype
      self.rowStride = rowStride
      self.batchStrides = batchStrides
    }
  }

  /// A vector added to the product.
  package struct Bias: Sendable, Hashable, Codable {
    /// Which axis of the output the vector runs along.
    package enum Axis: String, Sendable, Hashable, Codable {
      /// `[N]`: one value per column.
      case row
      /// `[M, 1]`: one value per row.
      case column
    }
    package var axis: Axis
    package var dtype: DType

    package init(axis: Axis, dtype: DType) {
      self.axis = axis
      self.dtype = dtype
    }
  }

  package var m: Int
  package var n: Int
  package var k: Int
  /// Extents of the broadcast batch axes; empty for one product.
  package var batch: [Int]
  package var transposeA: Bool
  package var transposeB: Bool
  package var a: Operand
  package var b: Operand
  /// Absent when there is no C or `beta` is 0.
  package var c: Operand?
  package var d: Operand
  package var alpha: Float
  package var beta: Float
  package var bias: Bias?
  package var activation: Activation

  /// Number of matrix products.
  package var batchCount: Int { batch.reduce(1, *) }
  /// Shape of D: batch axes, then `m`, `n`.
  package var outputDimensions: [Int] { batch + [m, n] }
  /// Floating-point operations, counting a multiply and an add as two.
  package var flops: Double { 2 * Double(m) * Double(n) * Double(k) * Double(batchCount) }
}
