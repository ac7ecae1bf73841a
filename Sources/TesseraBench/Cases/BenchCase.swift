package import TesseraCore

/// One configuration to measure.
package enum BenchCase: Sendable, Hashable {
  /// A plain product; C is absent, alpha 1.
  case gemm(
    m: Int, n: Int, k: Int, batch: Int = 1, transposeA: Bool = false, transposeB: Bool = false,
    dtype: DType)
  /// Self-attention over `lengths` tokens.
  case neighborhood(
    batch: Int, lengths: [Int], heads: Int, headDim: Int, window: [Int], stride: [Int],
    dilation: [Int], causal: [Bool], dtype: DType)

  /// The operator's name in results.
  package var operation: String {
    switch self {
    case .gemm: "gemm"
    case .neighborhood: "na"
    }
  }

  package var dtype: DType {
    switch self {
    case .gemm(_, _, _, _, _, _, let dtype): dtype
    case .neighborhood(_, _, _, _, _, _, _, _, let dtype): dtype
    }
  }

  /// The operator's parameters under the names of its options.
  package var parameters: [String: BenchRow.Value] {
    switch self {
    case .gemm(let m, let n, let k, let batch, let transposeA, let transposeB, _):
      return [
        "m": .int(m), "n": .int(n), "k": .int(k), "batch": .int(batch),
        "transposeA": .bool(transposeA), "transposeB": .bool(transposeB),
      ]
    case .neighborhood(
      let batch, let lengths, let heads, let headDim, let window, let stride, let dilation,
      let causal, _):
      return [
        "batch": .int(batch), "lengths": .list(lengths), "heads": .int(heads),
        "headDim": .int(headDim), "window": .list(window), "stride": .list(stride),
        "dilation": .list(dilation), "causal": .list(causal.map { $0 ? 1 : 0 }),
      ]
    }
  }

  /// A short form for tables.
  package var title: String {
    switch self {
    case .gemm(let m, let n, let k, let batch, let transposeA, let transposeB, _):
      return (batch > 1 ? "\(batch)× " : "") + "\(m)×\(n)×\(k) "
        + (transposeA ? "t" : "n") + (transposeB ? "t" : "n")
    case .neighborhood(
      let batch, let lengths, let heads, let headDim, let window, let stride, let dilation,
      let causal, _):
      func text(_ values: [Int]) -> String { values.map(String.init).joined(separator: "×") }
      return "\(text(lengths)) w\(text(window))"
        + (stride.allSatisfy { $0 == 1 } ? "" : " s\(text(stride))")
        + (dilation.allSatisfy { $0 == 1 } ? "" : " d\(text(dilation))")
        + (causal.contains(true) ? " causal \(text(causal.map { $0 ? 1 : 0 }))" : "")
        + " H\(heads) D\(headDim) B\(batch)"
    }
  }
}

extension BenchCase {
  /// The cases of a suite on a device of `kind` (`gpu`, `software`, `cpu`): the same shapes in kind,
  /// of sizes that the device finishes.
  package static func suite(_ operation: String, kind: String, dtypes: [DType]) -> [BenchCase] {
    let large = kind == "gpu"
    var cases: [BenchCase] = []
    for dtype in dtypes {
      if operation == "gemm" {
        for size in large ? [1024, 2048, 4096, 8192] : [256, 512, 1024] {
          cases.append(.gemm(m: size, n: size, k: size, dtype: dtype))
        }
        let size = large ? 4096 : 512
        cases.append(.gemm(m: size, n: size, k: size, transposeB: true, dtype: dtype))
        cases.append(.gemm(m: size, n: size, k: size, transposeA: true, dtype: dtype))
        cases.append(.gemm(m: size, n: 64, k: size, dtype: dtype))
      } else {
        let batch = large ? 128 : 1
        func add(
          _ lengths: [Int], _ window: [Int], stride: [Int]? = nil, dilation: Int = 1, heads: Int,
          headDim: Int, batch: Int
        ) {
          let ones = lengths.map { _ in 1 }
          cases.append(
            .neighborhood(
              batch: batch, lengths: lengths, heads: heads, headDim: headDim, window: window,
              stride: stride ?? ones, dilation: ones.map { _ in dilation },
              causal: lengths.map { _ in false }, dtype: dtype))
        }
        add([56, 56], [7, 7], heads: 4, headDim: 32, batch: batch)
        add([56, 56], [7, 7], dilation: 8, heads: 4, headDim: 32, batch: batch)
        add([large ? 32768 : 2048], [large ? 2048 : 256], heads: 1, headDim: 128, batch: 1)
        if large {
          add([256, 256], [80, 80], heads: 24, headDim: 128, batch: 1)
          add([256, 256], [80, 80], stride: [16, 16], heads: 24, headDim: 128, batch: 1)
          add([30, 48, 80], [18, 24, 24], stride: [16, 8, 8], heads: 24, headDim: 128, batch: 1)
        } else {
          add([64, 64], [24, 24], heads: 2, headDim: 64, batch: 1)
          add([8, 16, 16], [3, 7, 7], heads: 4, headDim: 32, batch: 1)
        }
      }
    }
    return cases
  }
}
