import Tessera
import TesseraConformance
import TesseraCore
import TesseraKernels
import TesseraReference

/// Prepares, verifies and times matrix products.
struct GEMMBench {
  let problem: GEMMProblem
  let a: HostTensor
  let b: HostTensor

  init(
    m: Int, n: Int, k: Int, batch: Int, transposeA: Bool, transposeB: Bool, dtype: DType,
    seed: UInt64
  ) throws(TesseraError) {
    let lead = batch > 1 ? [batch] : []
    let aShape = try Shape(lead + (transposeA ? [k, m] : [m, k]))
    let bShape = try Shape(lead + (transposeB ? [n, k] : [k, n]))
    problem = try GEMMProblem(
      a: (aShape, dtype), b: (bShape, dtype), transposeA: transposeA, transposeB: transposeB)
    var random = SeededRandom(seed)
    a = try Self.uniforms(aShape, dtype, &random)
    b = try Self.uniforms(bShape, dtype, &random)
  }

  /// Random numbers from [-1, 1); past some millions they repeat with a period that no row length
  /// divides, as making more would take longer than measuring.
  private static func uniforms(
    _ shape: Shape, _ dtype: DType, _ random: inout SeededRandom
  ) throws(TesseraError) -> HostTensor {
    let count = min(shape.elementCount, (1 << 22) - 3)
    let block = try HostTensor(
      rounding: random.uniforms(count, from: -1, to: 1), to: dtype, shape: try Shape([count]))
    guard count < shape.elementCount else {
      return try block.reshaped(to: shape)
    }
    return block.withUnsafeBytes { source in
      HostTensor(dtype: dtype, shape: shape) { target in
        for start in stride(from: 0, to: target.count, by: source.count) {
          let length = min(source.count, target.count - start)
          UnsafeMutableRawBufferPointer(rebasing: target[start..<(start + length)])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[..<length]))
        }
      }
    }
  }

  /// Compares a result with the oracle: all of it where that takes a second, else rows and columns
  /// chosen over all tiles, both ends among them.
  func verify(_ d: HostTensor) throws(TesseraError) -> Verification {
    guard problem.flops > 1e9, problem.batchCount == 1 else {
      return Verifier.gemm(problem, a: a, b: b, c: nil, bias: nil, d: d)
    }
    let (m, n, k) = (problem.m, problem.n, problem.k)
    let side = max(8, min(192, Int((1.2e8 / Double(k)).squareRoot())))
    let (rows, columns) = (Self.spread(side, over: m), Self.spread(side, over: n))
    let products = Array(0..<k)
    let (ta, tb) = (problem.transposeA, problem.transposeB)
    let left = try Self.part(a, ta ? products : rows, ta ? rows : products, width: ta ? m : k)
    let right = try Self.part(b, tb ? columns : products, tb ? products : columns, width: tb ? k : n)
    let own = try Self.part(d, rows, columns, width: n)
    let part = try GEMMProblem(
      a: (left.shape, a.dtype), b: (right.shape, b.dtype), transposeA: ta, transposeB: tb,
      output: problem.d.dtype)
    return Verifier.gemm(part, a: left, b: right, c: nil, bias: nil, d: own)
  }

  /// Up to `count` indices below `limit`, ascending, the first and the last among them.
  private static func spread(_ count: Int, over limit: Int) -> [Int] {
    guard limit > count else { return Array(0..<limit) }
    return (0..<count).map { $0 * (limit - 1) / (count - 1) }
  }

  /// The elements where given rows and columns of a matrix cross.
  private static func part(
    _ tensor: HostTensor, _ rows: [Int], _ columns: [Int], width: Int
  ) throws(TesseraError) -> HostTensor {
    let size = tensor.dtype.byteCount
    let shape = try Shape([rows.count, columns.count])
    return tensor.withUnsafeBytes { source in
      HostTensor(dtype: tensor.dtype, shape: shape) { target in
        var at = 0
        for row in rows {
          for column in columns {
            let from = (row * width + column) * size
            for byte in 0..<size { target[at + byte] = source[from + byte] }
            at += size
          }
        }
      }
    }
  }
}
