package import TesseraCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

extension Reference {
  /// `D = act(alpha · op(A)·op(B) + beta · C + bias)` in f64.
  ///
  /// `a`, `b`, `c` and `bias` are whole stored buffers in row-major order, read through the strides of
  /// `problem`; C is not read if the problem has none.
  /// - Returns: `d`, contiguous `[batch.., M, N]`, and for each element the `magnitude`
  ///   `|alpha| · (|A|·|B|) + |beta·C| + |bias|` that error bounds are multiples of.
  package static func gemm(
    _ problem: GEMMProblem, a: [Double], b: [Double], c: [Double]? = nil, bias: [Double]? = nil
  ) -> (d: [Double], magnitude: [Double]) {
    let (m, n, k) = (problem.m, problem.n, problem.k)
    let alpha = Double(problem.alpha), beta = Double(problem.beta)
    var d = [Double](repeating: 0, count: problem.batchCount * m * n)
    var magnitude = d
    var sum = [Double](repeating: 0, count: n)
    var absolute = sum
    for (index, place) in batchIndices(problem.batch).enumerated() {
      let startA = offset(place, problem.a.batchStrides)
      let startB = offset(place, problem.b.batchStrides)
      for row in 0..<m {
        for column in 0..<n { (sum[column], absolute[column]) = (0, 0) }
        for inner in 0..<k {
          let x =
            problem.transposeA
            ? a[startA + inner * problem.a.rowStride + row]
            : a[startA + row * problem.a.rowStride + inner]
          if problem.transposeB {
            for column in 0..<n {
              let term = x * b[startB + column * problem.b.rowStride + inner]
              sum[column] += term
              absolute[column] += abs(term)
            }
          } else {
            let start = startB + inner * problem.b.rowStride
            for column in 0..<n {
              let term = x * b[start + column]
              sum[column] += term
              absolute[column] += abs(term)
            }
          }
        }
        for column in 0..<n {
          var value = alpha * sum[column]
          var size = abs(alpha) * absolute[column]
          if let operand = problem.c, let c, beta != 0 {
            let start = offset(place, operand.batchStrides)
            let term = beta * c[start + row * operand.rowStride + column]
            value += term
            size += abs(term)
          }
          if let description = problem.bias, let bias {
            let term = description.axis == .row ? bias[column] : bias[row]
            value += term
            size += abs(term)
          }
          let at = (index * m + row) * n + column
          d[at] = activate(value, problem.activation)
          magnitude[at] = size
        }
      }
    }
    return (d, magnitude)
  }

  /// The activation functions by their definitions.
  package static func activate(_ x: Double, _ activation: Activation) -> Double {
    switch activation {
    case .none: x
    case .relu: x.isNaN ? x : max(x, 0)
    // erfc keeps the relative precision of the far negative tail.
    case .gelu: x * 0.5 * erfc(-x * 0.5.squareRoot())
    case .geluTanh: 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    case .silu: x / (1 + exp(-x))
    }
  }

  /// All index vectors of the batch axes, in row-major order; one empty vector without axes.
  private static func batchIndices(_ extents: [Int]) -> [[Int]] {
    extents.reduce([[]]) { partial, extent in
      partial.flatMap { prefix in (0..<extent).map { prefix + [$0] } }
    }
  }

  private static func offset(_ place: [Int], _ strides: [Int]) -> Int {
    zip(place, strides).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
