package import TesseraCore

/// The operators that have bench cases, with the shapes each is measured at.
package enum BenchSuite: String, Sendable, CaseIterable {
  case gemm
  case gemmLayouts = "gemm-layouts"
  case gemmShapes = "gemm-shapes"
  case attention
  case attentionBackward = "attention-backward"
  case na
  case naBackward = "na-backward"
  case sparseAttention = "sparse-attention"
  case sparseAttentionBackward = "sparse-attention-backward"
  case pagedDecode = "paged-decode"
  case selectBlocks = "select-blocks"
  case nsa

  /// The cases on a device of `kind` (`gpu`, `software`, `cpu`): the same shapes in kind, of sizes that
  /// the device finishes.
  package func cases(kind: String, dtypes: [DType]) -> [any BenchCase] {
    dtypes.flatMap { dtype -> [any BenchCase] in
      switch self {
      case .gemm: Self.products(large: kind == "gpu", dtype)
      case .gemmLayouts: GEMMShapes.layouts(large: kind == "gpu", dtype)
      case .gemmShapes: GEMMShapes.fixed(large: kind == "gpu", dtype)
      case .attention, .attentionBackward:
        Self.dense(large: kind == "gpu", backward: self == .attentionBackward, dtype)
      case .na, .naBackward:
        Self.neighborhoods(large: kind == "gpu", backward: self == .naBackward, dtype)
      case .sparseAttention, .sparseAttentionBackward:
        Self.lists(large: kind == "gpu", backward: self == .sparseAttentionBackward, dtype)
      case .pagedDecode: Self.decodes(large: kind == "gpu", dtype)
      case .selectBlocks, .nsa:
        Self.selections(large: kind == "gpu", selects: self == .selectBlocks, dtype)
      }
    }
  }

  private static func products(large: Bool, _ dtype: DType) -> [any BenchCase] {
    var cases = (large ? [1024, 2048, 4096, 8192] : [256, 512, 1024]).map {
      GEMMBenchCase(m: $0, n: $0, k: $0, dtype: dtype)
    }
    let size = large ? 4096 : 512
    cases.append(GEMMBenchCase(m: size, n: size, k: size, transposeB: true, dtype: dtype))
    cases.append(GEMMBenchCase(m: size, n: size, k: size, transposeA: true, dtype: dtype))
    cases.append(GEMMBenchCase(m: size, n: 64, k: size, dtype: dtype))
    return cases
  }

  private static func dense(
    large: Bool, backward: Bool, _ dtype: DType
  ) -> [any BenchCase] {
    func a(
      _ queries: Int, keys: Int? = nil, heads: Int, kvHeads: Int? = nil, headDim: Int,
      causal: Bool = false, window: (Int?, Int?) = (nil, nil)
    ) -> AttentionBenchCase {
      AttentionBenchCase(
        batch: 1, queries: queries, keys: keys, heads: heads, kvHeads: kvHeads, headDim: headDim,
        causal: causal, window: window, backward: backward, dtype: dtype)
    }
    guard large else {
      return [
        a(1024, heads: 4, headDim: 64), a(1024, heads: 4, kvHeads: 1, headDim: 64, causal: true),
        a(2048, heads: 1, headDim: 128, causal: true, window: (255, 0)),
        a(1, keys: 8192, heads: 4, kvHeads: 1, headDim: 64),
      ]
    }
    return [
      a(4096, heads: 16, headDim: 64), a(8192, heads: 16, headDim: 128),
      a(8192, heads: 32, kvHeads: 8, headDim: 128, causal: true),
      a(32768, heads: 8, headDim: 128, causal: true, window: (2047, 0)),
      // Peak memory is looked at here.
      a(65536, heads: 1, headDim: 64), a(1, keys: 65536, heads: 32, kvHeads: 8, headDim: 128),
    ]
  }

  /// Lists per token and KV head, as selection makes them, by group size and length; and lists per block
  /// of queries, at several densities.
  private static func lists(
    large: Bool, backward: Bool, _ dtype: DType
  ) -> [any BenchCase] {
    func a(
      _ tokens: Int, heads: Int, kvHeads: Int, headDim: Int, queryBlock: Int, keyBlock: Int, top: Int,
      causal: Bool
    ) -> BlockListBenchCase {
      BlockListBenchCase(
        batch: 1, tokens: tokens, heads: heads, kvHeads: kvHeads, headDim: headDim,
        queryBlock: queryBlock, keyBlock: keyBlock, top: top, causal: causal, schedules: .both,
        backward: backward, dtype: dtype)
    }
    guard large else {
      return [3, 6, 16, 32].map {
        a(
          4096, heads: 1, kvHeads: 1, headDim: 64, queryBlock: 64, keyBlock: 64, top: $0,
          causal: false)
      } + [
        a(2048, heads: 4, kvHeads: 1, headDim: 64, queryBlock: 1, keyBlock: 64, top: 8, causal: true)
      ]
    }
    return [8192, 32768, 65536].flatMap { tokens in
      [1, 2, 4, 8].flatMap { group in
        [(64, 16), (128, 8)].map { (block, top) in
          a(
            tokens, heads: 64, kvHeads: 64 / group, headDim: 128, queryBlock: 1, keyBlock: block,
            top: top, causal: true)
        }
      }
    }
  }

  /// The published shapes of native sparse attention, by group size and length.
  private static func selections(
    large: Bool, selects: Bool, _ dtype: DType
  ) -> [any BenchCase] {
    func a(_ tokens: Int, _ heads: Int, _ kvHeads: Int, _ d: Int, _ block: Int, _ top: Int) -> NSABenchCase {
      NSABenchCase(
        batch: 1, tokens: tokens, heads: heads, kvHeads: kvHeads, headDim: d, block: block,
        top: top, selects: selects, dtype: dtype)
    }
    guard large else { return [a(2048, 4, 1, 64, 64, 8), a(4096, 4, 1, 64, 64, 8)] }
    return [8192, 32768, 65536].flatMap { tokens in
      [1, 4, 8, 16].flatMap { group in
        [(64, 16), (128, 8)].map { a(tokens, 64, 64 / group, 128, $0.0, $0.1) }
      }
    }
  }

  private static func decodes(large: Bool, _ dtype: DType) -> [any BenchCase] {
    func a(_ batch: Int, _ context: Int, page: Int, top: Int? = nil) -> PagedBenchCase {
      PagedBenchCase(
        batch: batch, context: context, heads: large ? 32 : 8, kvHeads: large ? 8 : 2, headDim: 128,
        page: page, top: top, dtype: dtype)
    }
    guard large else {
      return [a(1, 8192, page: 16), a(2, 4096, page: 1), a(2, 8192, page: 64, top: 16)]
    }
    return [
      a(1, 262_144, page: 16), a(1, 262_144, page: 64), a(16, 8192, page: 16), a(4, 65_536, page: 1),
      a(16, 65_536, page: 64, top: 64),
    ]
  }

  /// The shapes that neighborhood attention is for: small windows on pictures, wide ones on long
  /// sequences, pictures and videos.
  private static func neighborhoods(
    large: Bool, backward: Bool, _ dtype: DType
  ) -> [any BenchCase] {
    func a(
      _ lengths: [Int], _ window: [Int], stride: [Int] = [1], dilation: Int = 1, heads: Int,
      headDim: Int, batch: Int = 1
    ) -> NeighborhoodBenchCase {
      NeighborhoodBenchCase(
        batch: batch, lengths: lengths, heads: heads, headDim: headDim, window: window,
        stride: stride, dilation: [dilation], backward: backward, dtype: dtype)
    }
    let batch = large ? 128 : 1
    let pictures = [
      a([56, 56], [7, 7], heads: 4, headDim: 32, batch: batch),
      a([56, 56], [7, 7], dilation: 8, heads: 4, headDim: 32, batch: batch),
    ]
    guard large else {
      return pictures + [
        a([2048], [256], heads: 1, headDim: 128), a([64, 64], [24, 24], heads: 1, headDim: 64),
        a([64, 64], [24, 24], stride: [8, 8], heads: 1, headDim: 64),
        a([8, 16, 16], [3, 7, 7], heads: 4, headDim: 32),
      ]
    }
    return pictures + [
      a([32768], [2048], heads: 1, headDim: 128),
      a([256, 256], [80, 80], heads: 24, headDim: 128),
      a([256, 256], [80, 80], stride: [16, 16], heads: 24, headDim: 128),
      a([30, 48, 80], [18, 24, 24], heads: 24, headDim: 128),
      a([30, 48, 80], [18, 24, 24], stride: [16, 8, 8], heads: 24, headDim: 128),
    ]
  }
}
